/*
 * replay: as load, for SNMPv3. What is sent was signed and encrypted before, so that the generator costs no more than
 * it does in the clear; the same messages are sent again and again, which USM takes within its time window.
 *
 *   replay PORT FILE SECONDS WARMUP
 *
 * FILE holds the messages, one for each slot of the window: two octets of length, four of msgID, the message. An
 * answer counts when it has the msgID, is authenticated and encrypted (no Report is), and is longer than 100 octets.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum { MAX_WINDOW = 256, MAX_MESSAGE = 2048, SAMPLES = 1 << 20 };

struct slot { uint32_t id; size_t length; unsigned char message[MAX_MESSAGE]; double sent; int busy; };

static struct slot slots[MAX_WINDOW];
static float *latencies;

/* The msgID of an answer that is encrypted, or -1. */
static long answered(const unsigned char *p, const unsigned char *end) {
  int tag;
  if (end - p < 100 || !header(&p, end, &tag) || integer(&p, end) != 3) return -1;
  if (!header(&p, end, &tag)) return -1;
  long id = integer(&p, end);
  if (integer(&p, end) < 484) return -1;
  const unsigned char *flags = header(&p, end, &tag);
  return flags && tag == 4 && (*p & 3) == 3 ? id : -1;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: replay PORT FILE SECONDS WARMUP\n");
    return 2;
  }
  double seconds = atof(argv[3]), warmup = atof(argv[4]);
  if (seconds <= 0 || seconds > 600) return 2;
  FILE *file = fopen(argv[2], "rb");
  if (!file) { perror(argv[2]); return 1; }
  int window = 0;
  unsigned char head[6];
  while (window < MAX_WINDOW && fread(head, 1, 6, file) == 6) {
    struct slot *slot = &slots[window++];
    slot->length = head[0] << 8 | head[1];
    slot->id = (uint32_t)head[2] << 24 | head[3] << 16 | head[4] << 8 | head[5];
    if (slot->length > MAX_MESSAGE || fread(slot->message, 1, slot->length, file) != slot->length) return 2;
  }
  fclose(file);
  if (window == 0) return 2;
  latencies = malloc(SAMPLES * sizeof *latencies);

  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in agent = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || connect(fd, (struct sockaddr *)&agent, sizeof agent)) { perror("replay"); return 1; }
  int size = 1 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);

  long responses = 0, lost = 0, wrong = 0, sampled = 0;
  double begin = now() + warmup, end = begin + seconds, swept = 0;
  int measuring = 0;
  for (;;) {
    double t = now();
    if (t >= end) break;
    if (!measuring && t >= begin) {
      measuring = 1;
      responses = lost = wrong = sampled = 0;
    }
    for (int i = 0; i < window; i++) {
      if (slots[i].busy) continue;
      slots[i].sent = now();
      if (send(fd, slots[i].message, slots[i].length, 0) == (ssize_t)slots[i].length) slots[i].busy = 1;
    }
    unsigned char answer[65536];
    ssize_t got;
    while ((got = recv(fd, answer, sizeof answer, 0)) > 0) {
      long id = answered(answer, answer + got);
      struct slot *slot = NULL;
      for (int i = 0; i < window && id >= 0; i++) if (slots[i].id == (uint32_t)id) slot = &slots[i];
      if (!slot || !slot->busy) { wrong++; continue; }
      slot->busy = 0;
      responses++;
      if (measuring && sampled < SAMPLES) latencies[sampled++] = (now() - slot->sent) * 1e6;
    }
    if (t - swept > 0.1) {
      swept = t;
      for (int i = 0; i < window; i++) if (slots[i].busy && t - slots[i].sent > 1) { slots[i].busy = 0; lost++; }
    }
  }
  qsort(latencies, sampled, sizeof *latencies, by_size);
  printf("{\"rps\":%.0f,\"vps\":0,\"p50_us\":%.1f,\"p99_us\":%.1f,\"lost\":%ld,\"wrong\":%ld}\n", responses / seconds,
         sampled ? latencies[sampled / 2] : 0, sampled ? latencies[sampled * 99 / 100] : 0, lost, wrong);
  close(fd);
  return lost || wrong || !responses;
}
