/*
 * A model server as a SageMaker image has one, small enough to be the whole image. Its environment
 * says how it behaves, and the body of an invocation what it is asked.
 *
 *   START_MILLIS   time before it listens
 *   EXIT           exit code to end with instead of listening
 *   IGNORE_TERM    set: SIGTERM does nothing
 *   PING           status of GET /ping, 200
 *   MAX_MODELS     models that fit when SAGEMAKER_MULTI_MODEL is set, 100; one more is a 507
 *   BAD_UNLOADS    how many times it answers 500 instead of unloading a model, 0
 *   SAGEMAKER_BIND_TO_PORT  port it listens on, 8080
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static char request[65536];
static char answer[65536];
static const char *ping = "200";
static int pings;
static int argument_count;
static char **arguments;

static void terminated(int signal_number) {
  (void)signal_number;
  static const char word[] = "terminated\n";
  (void)!write(1, word, sizeof word - 1);
  _exit(0);
}

static void allocate_all(void) {
  for (;;) {
    char *block = malloc(16 << 20);
    if (block != NULL) memset(block, 1, 16 << 20);
  }
}

/* Takes so many megabytes, and keeps them. */
static void hold(size_t megabytes) {
  volatile char *block = malloc(megabytes << 20);
  for (size_t at = 0; block != NULL && at < megabytes << 20; at += 4096) block[at] = 1;
  strcpy(answer, block == NULL ? "no memory" : "held");
}

/* Writes the IPv4 address of a host, or why there is none. */
static void resolve(const char *host) {
  struct addrinfo hints = {.ai_family = AF_INET}, *found = NULL;
  int failure = getaddrinfo(host, NULL, &hints, &found);
  if (failure != 0) {
    snprintf(answer, sizeof answer, "%s", gai_strerror(failure));
    return;
  }
  inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, answer, sizeof answer);
  freeaddrinfo(found);
}

static int set_address(const char *words, struct sockaddr_storage *address, socklen_t *length) {
  char host[128];
  unsigned port = 0, scope = 0;
  if (sscanf(words, "%127s %u %u", host, &port, &scope) < 2) return -1;
  memset(address, 0, sizeof *address);
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *length = sizeof *v4;
    return 0;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) return -1;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  v6->sin6_scope_id = scope;
  *length = sizeof *v6;
  return 0;
}

/*
 * Takes lines "tcp ADDRESS PORT" and "udp ADDRESS PORT", all at the same time, and answers with
 * those where a connection opens, or a datagram is answered, within 700 ms.
 */
static void reach(const char *lines) {
  struct pollfd ends[64];
  const char *words[64];
  int count = 0, waiting = 0;
  for (const char *line = lines; line != NULL && *line != 0 && count < 64; count++) {
    struct sockaddr_storage address;
    socklen_t length;
    int is_tcp = strncmp(line, "tcp ", 4) == 0;
    words[count] = line;
    ends[count].fd = -1;
    ends[count].events = is_tcp ? POLLOUT : POLLIN;
    if (set_address(line + 4, &address, &length) == 0) {
      int type = (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK;
      int end = socket(address.ss_family, type, 0);
      int failed = connect(end, (struct sockaddr *)&address, length) != 0 && errno != EINPROGRESS;
      if (failed || (!is_tcp && send(end, "?", 1, 0) != 1)) close(end);
      else ends[count].fd = end;
    }
    if (ends[count].fd >= 0) waiting++;
    line = strchr(line, '\n');
    if (line != NULL) line++;
  }
  answer[0] = 0;
  for (int turn = 0; turn < 70 && waiting > 0; turn++) {
    poll(ends, (nfds_t)count, 10);
    for (int i = 0; i < count; i++) {
      int error = 0;
      socklen_t length = sizeof error;
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      getsockopt(ends[i].fd, SOL_SOCKET, SO_ERROR, &error, &length);
      if (error == 0 && (ends[i].revents & (ends[i].events)) != 0) {
        size_t size = strcspn(words[i], "\n");
        strncat(answer, words[i], size);
        strcat(answer, "\n");
      }
      close(ends[i].fd);
      ends[i].fd = -1;
      waiting--;
    }
  }
  for (int i = 0; i < count; i++) {
    if (ends[i].fd >= 0) close(ends[i].fd);
  }
}

/* Answers "env NAME", "argv", "read FILE", "write FILE", "resolve HOST", "raw", "pid" and the like; anything else echoes. */
static void invoke(const char *body) {
  if (strncmp(body, "env ", 4) == 0) {
    const char *value = getenv(body + 4);
    snprintf(answer, sizeof answer, "%s", value == NULL ? "(not set)" : value);
  } else if (strcmp(body, "argv") == 0) {
    answer[0] = 0;
    for (int i = 1; i < argument_count; i++) {
      strncat(answer, arguments[i], sizeof answer - strlen(answer) - 2);
      if (i + 1 < argument_count) strcat(answer, " ");
    }
  } else if (strcmp(body, "pid") == 0) {
    snprintf(answer, sizeof answer, "%d", (int)getpid());
  } else if (strncmp(body, "read ", 5) == 0) {
    FILE *file = fopen(body + 5, "r");
    size_t length = file == NULL ? 0 : fread(answer, 1, sizeof answer - 1, file);
    answer[length] = 0;
    if (file == NULL) snprintf(answer, sizeof answer, "%s", strerror(errno));
    else fclose(file);
  } else if (strncmp(body, "write ", 6) == 0) {
    FILE *file = fopen(body + 6, "w");
    snprintf(answer, sizeof answer, "%s", file == NULL ? strerror(errno) : "written");
    if (file != NULL) fclose(file);
  } else if (strncmp(body, "resolve ", 8) == 0) {
    resolve(body + 8);
  } else if (strncmp(body, "tcp ", 4) == 0 || strncmp(body, "udp ", 4) == 0) {
    reach(body);
  } else if (strcmp(body, "raw") == 0) {
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    snprintf(answer, sizeof answer, "%s", raw < 0 ? strerror(errno) : "opened");
    if (raw >= 0) close(raw);
  } else if (strcmp(body, "pings") == 0) {
    snprintf(answer, sizeof answer, "%d", pings);
  } else if (strcmp(body, "sicken") == 0) {
    ping = "503";
    strcpy(answer, "sick");
  } else if (strcmp(body, "allocate") == 0) {
    allocate_all();
  } else if (strncmp(body, "hold ", 5) == 0) {
    hold(atoi(body + 5));
  } else if (strcmp(body, "hang") == 0) {
    for (;;) pause();
  } else if (strncmp(body, "exit ", 5) == 0) {
    fprintf(stderr, "asked to exit with %s\n", body + 5);
    exit(atoi(body + 5));
  } else {
    snprintf(answer, sizeof answer, "%s", body);
  }
}

/* A loaded model: the first line of its model.txt. */
static struct {
  char id[128];
  char text[128];
  char *memory;
} models[100];
static int model_count;
static int bad_unloads;

static int find_model(const char *id, size_t length) {
  for (int i = 0; i < model_count; i++) {
    if (strlen(models[i].id) == length && strncmp(models[i].id, id, length) == 0) return i;
  }
  return -1;
}

/* Copies the string that a JSON member has. */
static void member(const char *json, const char *name, char *value, size_t size) {
  value[0] = 0;
  const char *at = strstr(json, name);
  if (at == NULL || (at = strchr(at + strlen(name) + 1, '"')) == NULL) return;
  size_t length = strcspn(at + 1, "\"");
  snprintf(value, size, "%.*s", (int)length, at + 1);
}

static const char *load(const char *body) {
  char id[128], url[512], file[600];
  member(body, "\"model_name\"", id, sizeof id);
  member(body, "\"url\"", url, sizeof url);
  if (find_model(id, strlen(id)) >= 0) return "409";
  const char *max = getenv("MAX_MODELS");
  if (model_count >= (max == NULL ? 100 : atoi(max))) {
    strcpy(answer, "no memory for one more model");
    return "507";
  }
  snprintf(file, sizeof file, "%s/model.txt", url);
  FILE *opened = fopen(file, "r");
  char text[128] = "";
  if (opened != NULL) {
    (void)!fgets(text, sizeof text, opened);
    fclose(opened);
  }
  if (strncmp(text, "die", 3) == 0) exit(9);
  if (strncmp(text, "slow", 4) == 0) usleep(1500 * 1000);
  if (opened == NULL || strncmp(text, "corrupt", 7) == 0) {
    snprintf(answer, sizeof answer, "can't load %s", file);
    return "500";
  }
  text[strcspn(text, "\n")] = 0;
  models[model_count].memory = NULL;
  if (strncmp(text, "eat ", 4) == 0) {
    size_t bytes = (size_t)atoi(text + 4) << 20;
    models[model_count].memory = malloc(bytes);
    if (models[model_count].memory != NULL) memset(models[model_count].memory, 1, bytes);
  }
  strcpy(models[model_count].id, id);
  strcpy(models[model_count++].text, text);
  strcpy(answer, "{\"status\":\"Workers scaled\"}");
  return "200";
}

/* Two a page. */
static void list(const char *query) {
  const char *token = strstr(query, "next_page_token=");
  int from = token == NULL ? 0 : atoi(token + 16);
  size_t used = (size_t)snprintf(answer, sizeof answer, "{\"models\":[");
  for (int i = from; i < model_count && i < from + 2; i++) {
    used += (size_t)snprintf(answer + used, sizeof answer - used,
                             "%s{\"modelName\":\"%s\",\"modelUrl\":\"/opt/ml/models/%s/model\"}",
                             i > from ? "," : "", models[i].id, models[i].id);
  }
  if (from + 2 < model_count) {
    snprintf(answer + used, sizeof answer - used, "],\"nextPageToken\":\"%d\"}", from + 2);
  } else {
    snprintf(answer + used, sizeof answer - used, "]}");
  }
}

/* The management API of a multi-model container; returns the status. */
static const char *manage(const char *body) {
  answer[0] = 0;
  char *path = strchr(request, ' ') + 1;
  if (strncmp(request, "POST /models ", 13) == 0) return load(body);
  if (strncmp(request, "GET /models ", 12) == 0 || strncmp(request, "GET /models?", 12) == 0) {
    list(path);
    return "200";
  }
  const char *id = path + strlen("/models/");
  size_t length = strcspn(id, "/ ");
  int found = find_model(id, length);
  if (found < 0) {
    strcpy(answer, "not loaded");
    return "404";
  }
  if (strncmp(request, "DELETE ", 7) == 0) {
    if (bad_unloads-- > 0) {
      strcpy(answer, "not now");
      return "500";
    }
    free(models[found].memory);
    models[found] = models[--model_count];
  } else if (strncmp(request, "GET ", 4) == 0) {
    snprintf(answer, sizeof answer, "{\"modelName\":\"%s\"}", models[found].id);
  } else if (strncmp(body, "forget", 6) == 0) {
    model_count = 0;
    strcpy(answer, "forgotten");
  } else if (strncmp(body, "die", 3) == 0) {
    exit(9);
  } else if (strncmp(body, "allocate", 8) == 0) {
    allocate_all();
  } else if (strncmp(body, "fail", 4) == 0) {
    strcpy(answer, "as you wish");
    return "404";
  } else {
    const char *target = strcasestr(request, "x-amzn-sagemaker-target-model: ");
    target = target == NULL || target > body ? "?" : target + 31;
    snprintf(answer, sizeof answer, "%s of %.*s got %s", models[found].text,
             (int)strcspn(target, "\r"), target, body);
  }
  return "200";
}

static void serve(int client) {
  size_t length = 0, wanted = 0;
  char *body = NULL;
  while (length < sizeof request - 1) {
    ssize_t got = read(client, request + length, sizeof request - 1 - length);
    if (got <= 0) return;
    length += (size_t)got;
    request[length] = 0;
    if (body == NULL && (body = strstr(request, "\r\n\r\n")) != NULL) {
      body += 4;
      const char *header = strcasestr(request, "content-length:");
      wanted = header == NULL ? 0 : (size_t)atoi(header + 15);
    }
    if (body != NULL && length >= (size_t)(body - request) + wanted) break;
  }
  const char *status = "200";
  if (strncmp(request, "GET /ping ", 10) == 0) {
    status = ping;
    pings++;
    answer[0] = 0;
  } else if (strncmp(request, "POST /invocations ", 18) == 0) {
    invoke(body);
  } else if (getenv("SAGEMAKER_MULTI_MODEL") != NULL && strstr(request, " /models") != NULL) {
    status = manage(body);
  } else {
    status = "404";
    answer[0] = 0;
  }
  dprintf(client,
          "HTTP/1.1 %s It\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: "
          "close\r\n\r\n%s",
          status, strlen(answer), answer);
}

/* Reads the only model: "corrupt" ends the server, "never" keeps it from listening. */
static void serve_one(void) {
  char text[128] = "";
  FILE *file = fopen("/opt/ml/model/model.txt", "r");
  if (file == NULL) return;
  (void)!fgets(text, sizeof text, file);
  fclose(file);
  if (strncmp(text, "corrupt", 7) == 0) {
    fprintf(stderr, "model is broken\n");
    exit(3);
  }
  while (strncmp(text, "never", 5) == 0) pause();
}

int main(int count, char **words) {
  argument_count = count;
  arguments = words;
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, getenv("IGNORE_TERM") == NULL ? terminated : SIG_IGN);
  if (getenv("PING") != NULL) ping = getenv("PING");
  if (getenv("START_MILLIS") != NULL) usleep(1000 * (useconds_t)atoi(getenv("START_MILLIS")));
  if (getenv("BAD_UNLOADS") != NULL) bad_unloads = atoi(getenv("BAD_UNLOADS"));
  if (getenv("SAGEMAKER_MULTI_MODEL") == NULL) serve_one();
  if (getenv("EXIT") != NULL) {
    fprintf(stderr, "model is broken\n");
    return atoi(getenv("EXIT"));
  }
  int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const char *port = getenv("SAGEMAKER_BIND_TO_PORT");
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port == NULL ? 8080 : (uint16_t)atoi(port))};
  if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 64) != 0) {
    perror("listen");
    return 1;
  }
  printf("listening\n");
  for (;;) {
    int client = accept(server, NULL, NULL);
    if (client < 0) continue;
    serve(client);
    close(client);
  }
}
