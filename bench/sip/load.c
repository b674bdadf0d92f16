/*
 * load: plays the callers, the callees and the registering telephones of one SIP server over UDP on loopback, in one
 * thread, and prints one line of JSON. It polls without sleeping, so that the server never pays for waking it.
 *
 *   load PORT calls|routed|register|fill RATE SECONDS OPEN USERS HOLD-MS CALLEE-PORT [SERVER-ADDRESS LOCAL-ADDRESS]
 *
 * With addresses it leaves loopback, and sleeps while it has nothing to do: others share its core then. What a message
 * waits in the sockets of this program, because its core was busy, is then counted apart (serverP50us, serverP99us: the
 * time of a call without it, waitP99us: that alone); the kernel notes when each message came.
 *
 * RATE > 0 is an open loop: operations begin at that rate, whatever became of those before; what finds OPEN of them
 * unfinished is shed. RATE 0 is a closed loop: OPEN operations are kept going. calls is INVITE 100 180 200 ACK, the
 * pause of HOLD-MS, BYE 200, following Record-Route. routed are calls to numbers that nobody registers. register refreshes one binding of one user after another; fill
 * does so once for each user and ends, with all contacts at CALLEE-PORT.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, MAX_MESSAGE = 4096, MAX_LINES = 8, MAX_URI = 160, MAX_ROUTE = 512, MAX_OPEN = 200000, SAMPLES = 1 << 22 };
enum { MICROSECOND = 1, MILLISECOND = 1000 * MICROSECOND, SECOND = 1000 * MILLISECOND };

/* RFC 3261 section 17.1.1.1; an operation that takes longer than GIVE_UP has failed. */
static const uint64_t T1 = 500 * MILLISECOND, T2 = 4 * SECOND, GIVE_UP = 10 * SECOND, SWEEP = 20 * MILLISECOND;
static const char domain[] = "bench.example";
/* Of the user that is called; numbers are for static routes. */
static const char *called = "u%06d";
static const char *local = "127.0.0.1";
static const char offer[] =
    "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0 8\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n";

struct text { const char *at; int length; };

/* The headers that this program looks at; each is a whole line without its end. */
struct headers {
  struct text via[MAX_LINES], record_route[MAX_LINES], from, to, call_id, cseq, contact;
  int vias, record_routes;
};

enum state { FREE, INVITING, HOLDING, ENDING, REGISTERING };

/* A call or a registration; its index and serial number are its Call-ID, tag and branch. */
struct operation {
  enum state state;
  unsigned serial;
  int user, has_provisional;
  uint64_t began, retransmit_at, interval, gives_up_at;
  /* What its messages waited here, up to now. */
  uint64_t waited;
  char target[MAX_URI], to[MAX_URI], route[MAX_ROUTE];
};

/* A socket and what waits to be sent from it, so that one system call sends many. */
struct endpoint {
  int fd, port, waiting;
  char octets[BATCH][MAX_MESSAGE];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
};

static struct endpoint caller, callee;
static struct sockaddr_in server;
static struct operation *operations;
static int *free_indexes, free_count, open_limit, users;
static unsigned serial;
static uint64_t hold;
static float *latencies, *server_latencies, *waits;
static long sampled, succeeded, failed, shed, retransmissions, acks, late, packets;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * SECOND + t.tv_nsec / 1000;
}

/* Microseconds since the kernel took this message, which is when the other side had sent it. */
static uint64_t waited_here(const struct msghdr *message) {
  struct timespec came, t;
  const struct cmsghdr *c = CMSG_FIRSTHDR(message);
  if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) return 0;
  memcpy(&came, CMSG_DATA(c), sizeof came);
  clock_gettime(CLOCK_REALTIME, &t);
  int64_t waited = (int64_t)(t.tv_sec - came.tv_sec) * SECOND + (t.tv_nsec - came.tv_nsec) / 1000;
  return waited > 0 ? waited : 0;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* ---- sockets ---- */

static void open_endpoint(struct endpoint *e, int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(local)};
  socklen_t length = sizeof at;
  int size = 4 << 20, on = 1;
  e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (e->fd < 0 || bind(e->fd, (struct sockaddr *)&at, sizeof at)) fail("load: bind");
  if (getsockname(e->fd, (struct sockaddr *)&at, &length)) fail("load: getsockname");
  /* Beyond the limit of the system where the process may. */
  if (setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(e->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on)) fail("load: timestamps");
  e->port = ntohs(at.sin_port);
}

static void flush(struct endpoint *e) {
  for (int sent = 0; sent < e->waiting;) {
    int count = sendmmsg(e->fd, e->messages + sent, e->waiting - sent, 0);
    if (count > 0) sent += count;
    else if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) fail("load: send");
  }
  packets += e->waiting;
  e->waiting = 0;
}

/* Appends to the message that is being written; what does not fit is a mistake of this program or its server. */
static char *append(char *p, const char *start, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int room = MAX_MESSAGE - (p - start), length = vsnprintf(p, room, format, arguments);
  va_end(arguments);
  if (length >= room) {
    fprintf(stderr, "load: a message is longer than %d octets\n", MAX_MESSAGE);
    exit(1);
  }
  return p + length;
}

static char *begin_message(struct endpoint *e) {
  if (e->waiting == BATCH) flush(e);
  return e->octets[e->waiting];
}

static void end_message(struct endpoint *e, const char *end) {
  int i = e->waiting++;
  e->vectors[i] = (struct iovec){e->octets[i], end - e->octets[i]};
  e->messages[i].msg_hdr = (struct msghdr){.msg_name = &server, .msg_namelen = sizeof server, .msg_iov = &e->vectors[i], .msg_iovlen = 1};
}

/* ---- reading ---- */

static int is_named(const char *line, const char *name, struct text *into, int length) {
  size_t n = strlen(name);
  if (strncasecmp(line, name, n) || line[n] != ':') return 0;
  *into = (struct text){line, length};
  return 1;
}

static int read_headers(const char *message, struct headers *h) {
  memset(h, 0, sizeof *h);
  const char *line = strstr(message, "\r\n");
  while (line && line[2] != '\r') {
    line += 2;
    const char *end = strstr(line, "\r\n");
    if (!end) return 0;
    int length = end - line;
    struct text one;
    if (is_named(line, "Via", &one, length)) { if (h->vias < MAX_LINES) h->via[h->vias++] = one; }
    else if (is_named(line, "Record-Route", &one, length)) { if (h->record_routes < MAX_LINES) h->record_route[h->record_routes++] = one; }
    else if (!is_named(line, "From", &h->from, length) && !is_named(line, "To", &h->to, length) &&
             !is_named(line, "Call-ID", &h->call_id, length) && !is_named(line, "CSeq", &h->cseq, length))
      is_named(line, "Contact", &h->contact, length);
    line = end;
  }
  return line && h->vias && h->from.at && h->to.at && h->call_id.at && h->cseq.at;
}

static int is_method(struct text cseq, const char *method) {
  int n = strlen(method);
  return cseq.length > n && !memcmp(cseq.at + cseq.length - n, method, n);
}

static int copy_text(char *into, size_t size, struct text text) {
  return snprintf(into, size, "%.*s", text.length, text.at) < (int)size;
}

/* ---- the caller and the telephone ---- */

static void send_request(struct operation *o, const char *method) {
  int index = o - operations, is_ack = !strcmp(method, "ACK"), is_invite = !strcmp(method, "INVITE"), is_register = !strcmp(method, "REGISTER");
  /* The ACK to a refusal has the INVITE's branch and target, and no route (section 17.1.1.3). */
  int is_refusal = is_ack && !o->target[0];
  char *start = begin_message(&caller), *p = start;
  if (is_register) p = append(p, start, "REGISTER sip:%s SIP/2.0\r\n", domain);
  else if (is_invite || is_refusal) {
    p = append(p, start, "%s sip:", method);
    p = append(p, start, called, o->user);
    p = append(p, start, "@%s SIP/2.0\r\n", domain);
  }
  else p = append(p, start, "%s %s SIP/2.0\r\n", method, o->target);
  p = append(p, start, "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%c%x.%x\r\n", local, caller.port, is_refusal ? 'I' : method[0], index, o->serial);
  if (!is_invite && !is_refusal) p = append(p, start, "%s", o->route);
  if (is_register) p = append(p, start, "From: <sip:u%06d@%s>;tag=r%x\r\nTo: <sip:u%06d@%s>\r\n", o->user, domain, o->serial, o->user, domain);
  else p = append(p, start, "From: \"Bench\" <sip:bench@%s>;tag=c%x\r\n", domain, o->serial);
  if (is_invite) {
    p = append(p, start, "To: <sip:");
    p = append(p, start, called, o->user);
    p = append(p, start, "@%s>\r\n", domain);
  }
  else if (!is_register) p = append(p, start, "%s\r\n", o->to);
  p = append(p, start, "Call-ID: %d.%u@127.0.0.1\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\n", index, o->serial, is_invite || is_ack || is_register ? 1 : 2, method);
  if (is_register) p = append(p, start, "Contact: <sip:u%06d@%s:%d>;expires=3600\r\n", o->user, local, callee.port);
  if (is_invite)
    p = append(p, start, "Contact: <sip:bench@%s:%d>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
               local, caller.port, sizeof offer - 1, offer);
  else p = append(p, start, "Content-Length: 0\r\n\r\n");
  end_message(&caller, p);
}

static const char *method_of(enum state state) {
  return state == INVITING ? "INVITE" : state == ENDING ? "BYE" : "REGISTER";
}

static void enter(struct operation *o, enum state state, uint64_t t) {
  o->state = state;
  o->interval = T1;
  o->retransmit_at = t + T1;
  o->gives_up_at = t + GIVE_UP;
  if (state == HOLDING) o->retransmit_at = t + hold;
  else send_request(o, method_of(state));
}

static void begin(enum state state, int user, uint64_t t) {
  struct operation *o = &operations[free_indexes[--free_count]];
  *o = (struct operation){.serial = ++serial, .user = user, .began = t};
  enter(o, state, t);
}

static void end(struct operation *o, int is_success) {
  if (is_success) succeeded++;
  else failed++;
  o->state = FREE;
  free_indexes[free_count++] = o - operations;
}

static void sample(const struct operation *o, uint64_t t) {
  if (sampled == SAMPLES) return;
  uint64_t took = t - o->began, waited = o->waited < took ? o->waited : took;
  latencies[sampled] = took;
  server_latencies[sampled] = took - waited;
  waits[sampled++] = waited;
}

/* The 2xx names where ACK and BYE go: its Contact, by way of its Record-Route in reverse, one URI in a line. */
static int learn_dialog(struct operation *o, const struct headers *h) {
  const char *left = h->contact.at ? memchr(h->contact.at, '<', h->contact.length) : NULL;
  const char *right = left ? memchr(left, '>', h->contact.at + h->contact.length - left) : NULL;
  if (!right || !copy_text(o->target, sizeof o->target, (struct text){left + 1, right - left - 1})) return 0;
  if (!copy_text(o->to, sizeof o->to, h->to)) return 0;
  int used = 0, name = strlen("Record-");
  for (int i = h->record_routes - 1; i >= 0; i--) {
    used += snprintf(o->route + used, sizeof o->route - used, "%.*s\r\n", h->record_route[i].length - name, h->record_route[i].at + name);
    if (used >= (int)sizeof o->route) return 0;
  }
  return 1;
}

static void take_invite_response(struct operation *o, int status, const struct headers *h, uint64_t t) {
  if (status < 200) {
    if (o->state == INVITING) o->has_provisional = 1;
  } else if (status >= 300) {
    int was_inviting = o->state == INVITING;
    o->target[0] = 0;
    if (copy_text(o->to, sizeof o->to, h->to)) send_request(o, "ACK");
    if (was_inviting) end(o, 0);
  } else if (o->state != INVITING) {
    send_request(o, "ACK"); /* the 200 came again, so the ACK was lost */
  } else {
    sample(o, t);
    if (!learn_dialog(o, h)) { end(o, 0); return; }
    send_request(o, "ACK");
    enter(o, hold ? HOLDING : ENDING, t);
  }
}

/* The operation that a message belongs to; NULL when it is over, or nobody's. */
static struct operation *operation_of(const struct headers *h) {
  int index;
  unsigned of;
  if (sscanf(h->call_id.at + strlen("Call-ID:"), " %d.%u@", &index, &of) != 2 || index < 0 || index >= open_limit) return NULL;
  struct operation *o = &operations[index];
  return o->serial == of && o->state != FREE ? o : NULL;
}

static void take_response(const char *message, uint64_t t, uint64_t waited) {
  struct headers h;
  int status = atoi(message + strlen("SIP/2.0 "));
  struct operation *o = read_headers(message, &h) ? operation_of(&h) : NULL;
  if (!o) {
    late++;
    return;
  }
  if (status >= 200) o->waited += waited;
  if (is_method(h.cseq, "INVITE")) take_invite_response(o, status, &h, t);
  else if (is_method(h.cseq, "REGISTER") && o->state == REGISTERING && status >= 200) {
    if (status == 200) sample(o, t);
    end(o, status == 200);
  } else if (is_method(h.cseq, "BYE") && o->state == ENDING && status >= 200) end(o, status == 200);
}

static void sweep(uint64_t t) {
  for (struct operation *o = operations; o < operations + open_limit; o++) {
    if (o->state == FREE || t < o->retransmit_at) continue;
    if (o->state == HOLDING) { enter(o, ENDING, t); continue; }
    if (t >= o->gives_up_at) { end(o, 0); continue; }
    if (o->state == INVITING && o->has_provisional) { o->retransmit_at = o->gives_up_at; continue; }
    o->interval = o->state == INVITING || o->interval * 2 < T2 ? o->interval * 2 : T2;
    o->retransmit_at = t + o->interval;
    retransmissions++;
    send_request(o, method_of(o->state));
  }
}

/* ---- the callee: answers at once, keeps nothing ---- */

static void respond(const struct headers *h, const char *status, int is_invite, const char *body) {
  char *start = begin_message(&callee), *p = append(start, start, "SIP/2.0 %s\r\n", status);
  for (int i = 0; i < h->vias; i++) p = append(p, start, "%.*s\r\n", h->via[i].length, h->via[i].at);
  for (int i = 0; is_invite && i < h->record_routes; i++) p = append(p, start, "%.*s\r\n", h->record_route[i].length, h->record_route[i].at);
  p = append(p, start, "%.*s\r\n%.*s%s\r\n", h->from.length, h->from.at, h->to.length, h->to.at, is_invite ? ";tag=callee" : "");
  p = append(p, start, "%.*s\r\n%.*s\r\n", h->call_id.length, h->call_id.at, h->cseq.length, h->cseq.at);
  if (is_invite) p = append(p, start, "Contact: <sip:callee@%s:%d>\r\n", local, callee.port);
  if (body[0]) p = append(p, start, "Content-Type: application/sdp\r\n");
  end_message(&callee, append(p, start, "Content-Length: %zu\r\n\r\n%s", strlen(body), body));
}

static void take_request(const char *message, uint64_t waited) {
  struct headers h;
  if (!strncmp(message, "ACK ", 4)) acks++;
  else if (read_headers(message, &h)) {
    if (!strncmp(message, "INVITE ", 7)) {
      struct operation *o = operation_of(&h);
      if (o) o->waited += waited;
      respond(&h, "180 Ringing", 1, "");
      respond(&h, "200 OK", 1, offer);
    } else if (!strncmp(message, "BYE ", 4)) respond(&h, "200 OK", 0, "");
  }
}

static void receive(struct endpoint *e) {
  static char octets[BATCH][MAX_MESSAGE];
  static union { char octets[CMSG_SPACE(sizeof(struct timespec))]; struct cmsghdr aligned; } controls[BATCH];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH] = {0};
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){octets[i], MAX_MESSAGE - 1};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = &controls[i], .msg_controllen = sizeof controls[i]};
  }
  int count = recvmmsg(e->fd, messages, BATCH, MSG_DONTWAIT, NULL);
  uint64_t t = now();
  for (int i = 0; i < count; i++) {
    octets[i][messages[i].msg_len] = 0;
    packets++;
    uint64_t waited = waited_here(&messages[i].msg_hdr);
    if (e == &callee) take_request(octets[i], waited);
    else if (!strncmp(octets[i], "SIP/2.0 ", 8)) take_response(octets[i], t, waited);
  }
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double percentile(float *samples, int percent) {
  qsort(samples, sampled, sizeof *samples, by_size);
  return sampled ? samples[sampled * percent / 100] : 0;
}

int main(int argc, char **argv) {
  int sleeps = argc == 11;
  if (argc != 9 && !sleeps) {
    fprintf(stderr, "usage: load PORT calls|register|fill RATE SECONDS OPEN USERS HOLD-MS CALLEE-PORT [SERVER-ADDRESS LOCAL-ADDRESS]\n");
    return 2;
  }
  const char *mode = argv[2];
  if (sleeps) local = argv[10];
  int is_fill = !strcmp(mode, "fill"), is_routed = !strcmp(mode, "routed"), is_calls = is_routed || !strcmp(mode, "calls");
  if (is_routed) called = "+1408%07d";
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  open_limit = atoi(argv[5]);
  users = atoi(argv[6]);
  hold = strtoull(argv[7], NULL, 10) * MILLISECOND;
  if ((!is_fill && !is_calls && strcmp(mode, "register")) || rate < 0 || rate > 100000 || seconds <= 0 || seconds > 300 || open_limit < 1 ||
      open_limit > MAX_OPEN || users < 1) {
    fprintf(stderr, "load: RATE is at most 100000, SECONDS 300, OPEN %d\n", MAX_OPEN);
    return 2;
  }
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = inet_addr(sleeps ? argv[9] : local)};
  open_endpoint(&caller, 0);
  open_endpoint(&callee, atoi(argv[8]));
  operations = calloc(open_limit, sizeof *operations);
  free_indexes = malloc(open_limit * sizeof *free_indexes);
  latencies = malloc(SAMPLES * sizeof *latencies);
  server_latencies = malloc(SAMPLES * sizeof *server_latencies);
  waits = malloc(SAMPLES * sizeof *waits);
  if (!operations || !free_indexes || !latencies || !server_latencies || !waits) fail("load: memory");
  while (free_count < open_limit) { free_indexes[free_count] = open_limit - 1 - free_count; free_count++; }

  /* Another run's branches and Call-IDs would be retransmissions to the server. */
  serial = (unsigned)now() & 0x7fffffff;
  enum state kind = is_calls ? INVITING : REGISTERING;
  uint64_t began = now(), stop = began + (uint64_t)(seconds * SECOND), swept = began, t;
  long started = 0;
  for (;;) {
    t = now();
    int is_over = t >= stop || (is_fill && started >= users);
    if (is_over && (free_count == open_limit || t >= stop + GIVE_UP + SECOND)) break;
    if (!is_over) {
      long due = rate > 0 ? (long)((t - began) * rate / SECOND) : started + free_count;
      if (is_fill && due > users) due = users;
      for (int burst = 0; started < due && burst < BATCH; burst++, started++) {
        if (free_count > 0) begin(kind, started % users, t);
        else shed++;
      }
    }
    flush(&caller);
    receive(&caller);
    receive(&callee);
    flush(&caller);
    flush(&callee);
    if (t - swept > SWEEP) {
      swept = t;
      sweep(t);
    }
    if (sleeps) {
      struct pollfd both[2] = {{caller.fd, POLLIN, 0}, {callee.fd, POLLIN, 0}};
      struct timespec wait = {0, 1000000};
      ppoll(both, 2, &wait, NULL);
    }
  }
  double took = (t - began) / (double)SECOND, counted = is_fill || took < seconds ? took : seconds;
  long finished = succeeded + failed;
  printf("{\"mode\":\"%s\",\"offered\":%.0f,\"ok\":%ld,\"failed\":%ld,\"failedPct\":%.4f,\"shed\":%ld,\"perSecond\":%.0f,\"retransmissions\":%ld,"
         "\"acks\":%ld,\"late\":%ld,\"packetsPerSecond\":%.0f,\"p50us\":%.0f,\"p99us\":%.0f,\"serverP50us\":%.0f,\"serverP99us\":%.0f,\"waitP99us\":%.0f,\"seconds\":%.2f}\n",
         mode, rate, succeeded, failed, finished ? 100.0 * failed / finished : 100.0, shed, succeeded / counted, retransmissions, acks, late,
         packets / counted, percentile(latencies, 50), percentile(latencies, 99), percentile(server_latencies, 50), percentile(server_latencies, 99),
         percentile(waits, 99), took);
  return finished == 0;
}
