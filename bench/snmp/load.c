/*
 * load: keeps a fixed number of SNMPv2c requests outstanding against an agent on loopback for a fixed time, checks
 * every answer, and prints one line of JSON. It polls without sleeping, so that the agent never pays for waking it.
 *
 *   load PORT get|getnext|getbulk SECONDS WARMUP WINDOW MAX-REPETITIONS OID...
 *
 * get asks for all OIDs at once. getnext and getbulk walk below the first OID, WINDOW walkers at once; a walker that
 * reaches the end begins again. first_walk_ms is how long it took until the first of them was through, 0 if none was.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum { MAX_NAME = 512, MAX_WINDOW = 256, MAX_OIDS = 64, SAMPLES = 1 << 20 };

struct name { unsigned char ber[MAX_NAME]; size_t length; };
struct slot { uint32_t id; double sent; struct name at; int busy; };

static struct name oids[MAX_OIDS];
static int oid_count, max_repetitions;
static unsigned char pdu_tag;
static struct slot slots[MAX_WINDOW];
static float *latencies;
static long sampled;
static long responses, varbinds, lost, wrong, walks;
static double began, first_walk_ms;

static void parse_oid(const char *text, struct name *into) {
  unsigned long ids[128] = {0};
  int count = 0;
  if (*text == '.') text++;
  while (*text && count < 128) {
    ids[count++] = strtoul(text, (char **)&text, 10);
    if (*text == '.') text++;
  }
  into->length = 0;
  into->ber[into->length++] = ids[0] * 40 + (count > 1 ? ids[1] : 0);
  for (int i = 2; i < count; i++) {
    int shift = 28;
    while (shift > 0 && !(ids[i] >> shift)) shift -= 7;
    for (; shift > 0; shift -= 7) into->ber[into->length++] = 0x80 | ((ids[i] >> shift) & 0x7f);
    into->ber[into->length++] = ids[i] & 0x7f;
  }
}

/* Lengths of two octets throughout: simple, and as valid as short ones. */
static unsigned char *open_element(unsigned char *p, int tag, unsigned char **length) {
  *p++ = tag;
  *p++ = 0x82;
  *length = p;
  return p + 2;
}

static void close_element(unsigned char *end, unsigned char *length) {
  size_t size = end - length - 2;
  length[0] = size >> 8;
  length[1] = size & 0xff;
}

static unsigned char *put_integer(unsigned char *p, uint32_t value) {
  *p++ = 2;
  *p++ = 4;
  for (int shift = 24; shift >= 0; shift -= 8) *p++ = value >> shift;
  return p;
}

static size_t build(unsigned char *buffer, const struct slot *slot) {
  unsigned char *message, *pdu, *list, *p = buffer;
  p = open_element(p, 0x30, &message);
  memcpy(p, "\x02\x01\x01\x04\x06public", 11);
  p += 11;
  p = open_element(p, pdu_tag, &pdu);
  p = put_integer(p, slot->id);
  p = put_integer(p, 0);
  p = put_integer(p, pdu_tag == 0xa5 ? max_repetitions : 0);
  p = open_element(p, 0x30, &list);
  int count = pdu_tag == 0xa0 ? oid_count : 1;
  for (int i = 0; i < count; i++) {
    const struct name *name = pdu_tag == 0xa0 ? &oids[i] : &slot->at;
    unsigned char *varbind;
    p = open_element(p, 0x30, &varbind);
    *p++ = 6;
    *p++ = 0x82;
    *p++ = name->length >> 8;
    *p++ = name->length & 0xff;
    memcpy(p, name->ber, name->length);
    p += name->length;
    *p++ = 5;
    *p++ = 0;
    close_element(p, varbind);
  }
  close_element(p, list);
  close_element(p, pdu);
  close_element(p, message);
  return p - buffer;
}

/* Names in BER compare as names do: sub-identifier by sub-identifier. */
static int compare_names(const unsigned char *a, size_t la, const unsigned char *b, size_t lb) {
  size_t i = 0, j = 0;
  while (i < la && j < lb) {
    uint64_t x = 0, y = 0;
    do x = x << 7 | (a[i] & 0x7f); while (a[i++] & 0x80 && i < la);
    do y = y << 7 | (b[j] & 0x7f); while (b[j++] & 0x80 && j < lb);
    if (x != y) return x < y ? -1 : 1;
  }
  return i < la ? 1 : j < lb ? -1 : 0;
}

/* Checks an answer; moves the walker on. Gives the number of varbinds, or -1 for an answer that is wrong. */
static int take(struct slot *slot, const unsigned char *p, const unsigned char *end) {
  int tag, count = 0;
  const unsigned char *stop;
  if (integer(&p, end) != 0 || integer(&p, end) < 0) return -1;
  if (!(stop = header(&p, end, &tag)) || tag != 0x30) return -1;
  const struct name *root = &oids[0];
  while (p < stop) {
    const unsigned char *varbind = header(&p, stop, &tag);
    if (!varbind || tag != 0x30) return -1;
    const unsigned char *name_end = header(&p, varbind, &tag);
    if (!name_end || tag != 6) return -1;
    const unsigned char *name = p;
    size_t length = name_end - name;
    p = name_end;
    const unsigned char *value_end = header(&p, varbind, &tag);
    if (!value_end || value_end != varbind) return -1;
    p = value_end;
    if (pdu_tag == 0xa0) {
      if (tag >= 0x80 || count >= oid_count || length != oids[count].length || memcmp(name, oids[count].ber, length)) return -1;
    } else {
      int below = length > root->length && !memcmp(name, root->ber, root->length);
      if (tag == 0x82 || !below) {
        slot->at = *root;
        walks++;
        if (!first_walk_ms) first_walk_ms = (now() - began) * 1e3;
        return count;
      }
      if (compare_names(name, length, slot->at.ber, slot->at.length) <= 0 || length > MAX_NAME) return -1;
      memcpy(slot->at.ber, name, length);
      slot->at.length = length;
    }
    count++;
  }
  return pdu_tag == 0xa0 && count != oid_count ? -1 : count;
}

int main(int argc, char **argv) {
  if (argc < 8) {
    fprintf(stderr, "usage: load PORT get|getnext|getbulk SECONDS WARMUP WINDOW MAX-REPETITIONS OID...\n");
    return 2;
  }
  double seconds = atof(argv[3]), warmup = atof(argv[4]);
  int window = atoi(argv[5]);
  max_repetitions = atoi(argv[6]);
  pdu_tag = !strcmp(argv[2], "get") ? 0xa0 : !strcmp(argv[2], "getnext") ? 0xa1 : 0xa5;
  for (int i = 7; i < argc && oid_count < MAX_OIDS; i++) parse_oid(argv[i], &oids[oid_count++]);
  if (window < 1 || window > MAX_WINDOW || seconds <= 0 || seconds > 600) return 2;
  latencies = malloc(SAMPLES * sizeof *latencies);

  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in agent = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || connect(fd, (struct sockaddr *)&agent, sizeof agent)) { perror("load"); return 1; }
  int size = 1 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);

  uint32_t next_id = 1;
  began = now();
  double begin = began + warmup, end = begin + seconds, swept = 0;
  int measuring = 0;
  for (int i = 0; i < window; i++) slots[i].at = oids[0];
  for (;;) {
    double t = now();
    if (t >= end) break;
    if (!measuring && t >= begin) {
      measuring = 1;
      responses = varbinds = lost = wrong = walks = sampled = 0;
    }
    for (int i = 0; i < window; i++) {
      if (slots[i].busy) continue;
      unsigned char request[4096];
      slots[i].id = next_id++ % 0x7fffff * MAX_WINDOW + i;
      slots[i].sent = now();
      size_t length = build(request, &slots[i]);
      if (send(fd, request, length, 0) == (ssize_t)length) slots[i].busy = 1;
    }
    unsigned char answer[65536];
    ssize_t got;
    while ((got = recv(fd, answer, sizeof answer, 0)) > 0) {
      const unsigned char *p = answer, *stop = answer + got;
      int tag;
      const unsigned char *message = header(&p, stop, &tag);
      if (!message || integer(&p, message) != 1) { wrong++; continue; }
      const unsigned char *community = header(&p, message, &tag);
      if (!community) { wrong++; continue; }
      p = community;
      const unsigned char *pdu = header(&p, message, &tag);
      if (!pdu || tag != 0xa2) { wrong++; continue; }
      long id = integer(&p, pdu);
      struct slot *slot = &slots[(uint32_t)id % MAX_WINDOW];
      if (id < 0 || !slot->busy || slot->id != (uint32_t)id) { wrong++; continue; }
      slot->busy = 0;
      int count = take(slot, p, pdu);
      if (count < 0) { wrong++; slot->at = oids[0]; continue; }
      responses++;
      varbinds += count;
      if (measuring && sampled < SAMPLES) latencies[sampled++] = (now() - slot->sent) * 1e6;
    }
    if (t - swept > 0.1) {
      swept = t;
      for (int i = 0; i < window; i++) if (slots[i].busy && t - slots[i].sent > 1) { slots[i].busy = 0; lost++; }
    }
  }
  qsort(latencies, sampled, sizeof *latencies, by_size);
  printf("{\"rps\":%.0f,\"vps\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"lost\":%ld,\"wrong\":%ld,\"walks\":%ld,\"first_walk_ms\":%.2f}\n", responses / seconds,
         varbinds / seconds, sampled ? latencies[sampled / 2] : 0, sampled ? latencies[sampled * 99 / 100] : 0, lost, wrong, walks, first_walk_ms);
  close(fd);
  return lost || wrong || !responses;
}
