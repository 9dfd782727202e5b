/*
 * The container behind the gateway's bench: reads each request to its end, throws the body away and
 * answers the same bytes every time, as fast as one thread can. Static, so that its image is this
 * file alone.
 *
 *   HEALTHY_AFTER_MS  GET /ping answers 503 until so long after the start; 0 when unset
 *
 * Every other request is answered 200 with {"firstHealthy":SECONDS}, padded to 256 bytes: the instant
 * of the first healthy answer to GET /ping, in seconds since 1970.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 8080
#define MAX_EVENTS 256
#define MAX_HEAD 16384
#define BODY_LENGTH 256

struct connection {
  int socket;
  long body_left;   /* of the request whose head was read; -1 while a head is read */
  int is_ping;
  size_t head_length;
  char head[MAX_HEAD + 1];
};

static char incoming[1 << 18];
static char answer[BODY_LENGTH + 256];
static size_t answer_length;
static double healthy_from;
static int is_first_healthy_told;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void make_answer(double first_healthy) {
  char body[BODY_LENGTH + 1];
  memset(body, ' ', BODY_LENGTH);
  int used = snprintf(body, sizeof body, "{\"firstHealthy\":%.6f}", first_healthy);
  body[used] = ' ';
  body[BODY_LENGTH] = 0;
  answer_length = (size_t)snprintf(
      answer, sizeof answer,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
      BODY_LENGTH, body);
}

/* An answer is far smaller than a socket's buffer: it goes at once, or the connection is given up. */
static int say(struct connection *to, const char *bytes, size_t length) {
  return send(to->socket, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static int answer_ping(struct connection *to) {
  static const char healthy[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  static const char unhealthy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  double time = now();
  if (time < healthy_from) {
    return say(to, unhealthy, sizeof unhealthy - 1);
  }
  if (!is_first_healthy_told) {
    is_first_healthy_told = 1;
    make_answer(time);
  }
  return say(to, healthy, sizeof healthy - 1);
}

static int answered(struct connection *from) {
  from->body_left = -1;
  from->head_length = 0;
  return from->is_ping ? answer_ping(from) : say(from, answer, answer_length);
}

static long content_length(const char *head) {
  for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, "content-length:", 15) == 0) {
      return atol(line + 17);
    }
  }
  return 0;
}

/* Takes bytes that came; returns 0 when the connection is of no more use. */
static int take(struct connection *from, const char *bytes, size_t length) {
  while (length > 0) {
    if (from->body_left >= 0) {
      size_t part = length < (size_t)from->body_left ? length : (size_t)from->body_left;
      from->body_left -= (long)part;
      bytes += part;
      length -= part;
    } else {
      size_t room = MAX_HEAD - from->head_length;
      size_t part = length < room ? length : room;
      memcpy(from->head + from->head_length, bytes, part);
      size_t before = from->head_length;
      from->head_length += part;
      from->head[from->head_length] = 0;
      char *end = strstr(from->head, "\r\n\r\n");
      if (!end) {
        if (from->head_length == MAX_HEAD) {
          return 0;
        }
        return 1;
      }
      size_t used = (size_t)(end + 4 - from->head) - before;
      end[2] = 0;
      from->is_ping = strncmp(from->head, "GET /ping ", 10) == 0;
      from->body_left = content_length(from->head);
      bytes += used;
      length -= used;
    }
    if (from->body_left == 0 && !answered(from)) {
      return 0;
    }
  }
  return 1;
}

static void accept_all(int listener, int poll) {
  int socket, yes = 1;
  while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *made = malloc(sizeof *made);
    made->socket = socket;
    made->body_left = -1;
    made->head_length = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = made};
    epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  }
}

static void serve(struct connection *from) {
  ssize_t length = recv(from->socket, incoming, sizeof incoming, 0);
  if (length < 0 && errno == EAGAIN) {
    return;
  }
  if (length <= 0 || !take(from, incoming, (size_t)length)) {
    close(from->socket);
    free(from);
  }
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

int main(void) {
  const char *after = getenv("HEALTHY_AFTER_MS");
  healthy_from = now() + (after ? atof(after) / 1000 : 0);
  make_answer(0);
  signal(SIGTERM, stop); /* process 1 has no default for it */
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 1024)) {
    perror("listen");
    return 1;
  }
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct epoll_event ready[MAX_EVENTS];
    int count = epoll_wait(poll, ready, MAX_EVENTS, -1);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.ptr) {
        serve(ready[i].data.ptr);
      } else {
        accept_all(listener, poll);
      }
    }
  }
}
