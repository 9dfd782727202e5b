/*
 * The container behind the transform jobs' bench: scores each row of a CSV body by the trees of an
 * XGBoost model, a line a row. Static, so that its image is this file and the trees alone.
 *
 *   /forest  numbers of trees, of features, the base margin; then for each tree its number of nodes,
 *            and for each node: feature, threshold or value, left child (0 for a leaf), right child,
 *            whether missing values go left
 *   WORKERS  requests that are scored at a time; 1 when unset. Others wait their turn
 *
 * Takes bodies with a Content-Length, and keeps connections.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 8080
#define MAX_HEAD 16384
#define MAX_FEATURES 256
#define ANSWER_BYTES 16 /* of a row, at most */

struct node {
  float value;
  unsigned short feature, left, right;
  unsigned char missing_left;
};

static struct node *nodes;
static int *roots, tree_count, feature_count;
static float base;
static sem_t workers;

static void load(const char *path) {
  FILE *in = fopen(path, "r");
  int total = 0;
  if (!in || fscanf(in, "%d %d %f", &tree_count, &feature_count, &base) != 3 || feature_count > MAX_FEATURES) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  roots = malloc(sizeof *roots * (size_t)tree_count);
  for (int tree = 0; tree < tree_count; tree++) {
    int count = 0;
    if (fscanf(in, "%d", &count) != 1) {
      exit(1);
    }
    roots[tree] = total;
    nodes = realloc(nodes, sizeof *nodes * (size_t)(total + count));
    for (int i = 0; i < count; i++) {
      unsigned feature, left, right, missing_left;
      float value;
      if (fscanf(in, "%u %f %u %u %u", &feature, &value, &left, &right, &missing_left) != 5) {
        exit(1);
      }
      nodes[total++] = (struct node){value, (unsigned short)feature, (unsigned short)left,
                                     (unsigned short)right, (unsigned char)missing_left};
    }
  }
  fclose(in);
}

static float score(const float *row) {
  float margin = base;
  for (int tree = 0; tree < tree_count; tree++) {
    const struct node *all = nodes + roots[tree], *at = all;
    while (at->left) {
      float value = row[at->feature];
      int goes_left = isnan(value) ? at->missing_left : value < at->value;
      at = all + (goes_left ? at->left : at->right);
    }
    margin += at->value;
  }
  return 1 / (1 + expf(-margin));
}

/* Scores a body, which ends with a 0; returns the length of the answer, or -1 for what is no CSV. */
static long score_all(char *body, char *answer) {
  char *to = answer, *at = body;
  while (*at) {
    float row[MAX_FEATURES];
    int column = 0;
    for (;;) {
      char *end;
      if (column == feature_count) {
        return -1;
      }
      if (*at == ',' || *at == '\n' || !*at) {
        row[column] = NAN;
        end = at;
      } else {
        row[column] = strtof(at, &end);
      }
      column++;
      at = end;
      if (*at != ',') {
        break;
      }
      at++;
    }
    if (column != feature_count || (*at && *at != '\n')) {
      return -1;
    }
    at += *at == '\n';
    to += snprintf(to, ANSWER_BYTES, "%.9g\n", (double)score(row));
  }
  return to - answer;
}

static int say(int to, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(to, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0) {
      return 0;
    }
    bytes += sent;
    length -= (size_t)sent;
  }
  return 1;
}

static int answer(int to, int status, const char *body, size_t length) {
  char head[160];
  int used = snprintf(head, sizeof head,
                      "HTTP/1.1 %d %s\r\nContent-Type: text/csv\r\nContent-Length: %zu\r\n\r\n", status,
                      status == 200 ? "OK" : "Refused", length);
  return say(to, head, (size_t)used) && say(to, body, length);
}

/* Reads on until there are so many bytes; returns how many there are, or less when the client left. */
static size_t fill(int from, char *bytes, size_t have, size_t wanted) {
  while (have < wanted) {
    ssize_t count = recv(from, bytes + have, wanted - have, 0);
    if (count <= 0) {
      break;
    }
    have += (size_t)count;
  }
  return have;
}

static int invocation(int socket, char *early, size_t early_length, long length) {
  char *body = malloc((size_t)length + 1), *out = NULL;
  int is_good = 0;
  memcpy(body, early, early_length);
  if (fill(socket, body, early_length, (size_t)length) == (size_t)length) {
    size_t rows = 1;
    long said;
    body[length] = 0;
    sem_wait(&workers);
    for (char *at = body; (at = strchr(at, '\n')); at++) {
      rows++;
    }
    out = malloc(rows * ANSWER_BYTES);
    said = score_all(body, out);
    sem_post(&workers);
    is_good = said < 0 ? answer(socket, 400, "not rows of numbers\n", 20) : answer(socket, 200, out, (size_t)said);
  }
  free(body);
  free(out);
  return is_good;
}

static long content_length(const char *head) {
  for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, "content-length:", 15) == 0) {
      return atol(line + 17);
    }
  }
  return 0;
}

static void *serve(void *argument) {
  int socket = (int)(long)argument, is_open = 1;
  char head[MAX_HEAD + 1];
  while (is_open) {
    size_t have = 0;
    char *end = NULL;
    while (!end && have < MAX_HEAD) {
      ssize_t count = recv(socket, head + have, MAX_HEAD - have, 0);
      if (count <= 0) {
        break;
      }
      have += (size_t)count;
      head[have] = 0;
      end = strstr(head, "\r\n\r\n");
    }
    if (!end) {
      break;
    }
    size_t early = have - (size_t)(end + 4 - head);
    end[2] = 0;
    if (strncmp(head, "POST /invocations ", 18) == 0) {
      long length = content_length(head);
      is_open = early <= (size_t)length && invocation(socket, end + 4, early, length);
    } else {
      is_open = answer(socket, strncmp(head, "GET /ping ", 10) == 0 ? 200 : 404, "", 0);
    }
  }
  close(socket);
  return NULL;
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

int main(void) {
  const char *wanted = getenv("WORKERS");
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1, accepted;
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  pthread_attr_t detached;
  load("/forest");
  sem_init(&workers, 0, wanted ? (unsigned)atoi(wanted) : 1);
  signal(SIGTERM, stop); /* process 1 has no default for it */
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 128)) {
    perror("listen");
    return 1;
  }
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  while ((accepted = accept(listener, NULL, NULL)) >= 0 || errno == EINTR) {
    pthread_t thread;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (pthread_create(&thread, &detached, serve, (void *)(long)accepted)) {
      close(accepted);
    }
  }
  return 1;
}
