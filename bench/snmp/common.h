/* What both loads need: time, the reading of BER, and the order of latencies. */
#include <stddef.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* Reads tag and length; gives the content's end, or NULL when it does not fit. */
static const unsigned char *header(const unsigned char **p, const unsigned char *end, int *tag) {
  if (end - *p < 2) return NULL;
  *tag = *(*p)++;
  size_t length = *(*p)++;
  if (length & 0x80) {
    int octets = length & 0x7f;
    if (octets > 4 || end - *p < octets) return NULL;
    length = 0;
    while (octets--) length = length << 8 | *(*p)++;
  }
  return (size_t)(end - *p) < length ? NULL : *p + length;
}

static long integer(const unsigned char **p, const unsigned char *end) {
  int tag;
  const unsigned char *stop = header(p, end, &tag);
  long value = 0;
  if (!stop || tag != 2) return -1;
  while (*p < stop) value = value << 8 | *(*p)++;
  return value;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}
