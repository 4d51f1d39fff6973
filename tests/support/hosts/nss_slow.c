/* A directory service (nsswitch.conf(5)) that knows one user and one group, and answers slowly, or at first not at all. */

#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned number(const char *name) {
  const char *text = getenv(name);
  return text ? strtoul(text, NULL, 10) : 0;
}

/* Appends a line to ESCP_SLOW_LOG, then waits for ESCP_SLOW_MS. */
static void wait_for_answer(const char *call) {
  unsigned ms = number("ESCP_SLOW_MS");
  struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
  const char *path = getenv("ESCP_SLOW_LOG");
  FILE *log = path ? fopen(path, "a") : NULL;
  if (log) {
    fprintf(log, "%s\n", call);
    fclose(log);
  }
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

/* Whether this look-up fails, as if a server did not answer. Each process has ESCP_SLOW_FAILURES of them. */
static int fails(int *error) {
  static unsigned failures;
  if (__atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST) > number("ESCP_SLOW_FAILURES")) return 0;
  *error = ETIMEDOUT;
  return 1;
}

static enum nss_status take_text(char **into, const char *text, char **buffer, size_t *length, int *error) {
  size_t needed = strlen(text) + 1;
  if (*length < needed) {
    *error = ERANGE;
    return NSS_STATUS_TRYAGAIN;
  }
  *into = memcpy(*buffer, text, needed);
  *buffer += needed;
  *length -= needed;
  return NSS_STATUS_SUCCESS;
}

static enum nss_status user(struct passwd *entry, char *buffer, size_t length, int *error) {
  entry->pw_uid = number("ESCP_SLOW_ID");
  entry->pw_gid = number("ESCP_SLOW_ID");
  enum nss_status status = take_text(&entry->pw_name, "escp-slow", &buffer, &length, error);
  if (status == NSS_STATUS_SUCCESS) status = take_text(&entry->pw_passwd, "x", &buffer, &length, error);
  entry->pw_gecos = entry->pw_dir = entry->pw_shell = entry->pw_passwd;
  return status;
}

static enum nss_status group(struct group *entry, char *buffer, size_t length, int *error) {
  static char *none[] = {NULL};
  entry->gr_gid = number("ESCP_SLOW_ID");
  entry->gr_mem = none;
  enum nss_status status = take_text(&entry->gr_name, "escp-slow", &buffer, &length, error);
  return status == NSS_STATUS_SUCCESS ? take_text(&entry->gr_passwd, "x", &buffer, &length, error) : status;
}

enum nss_status _nss_escpslow_getpwuid_r(uid_t id, struct passwd *entry, char *buffer, size_t length, int *error) {
  if (id != number("ESCP_SLOW_ID")) return NSS_STATUS_NOTFOUND;
  wait_for_answer("getpwuid");
  if (fails(error)) return NSS_STATUS_UNAVAIL;
  return user(entry, buffer, length, error);
}

enum nss_status _nss_escpslow_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t length,
                                         int *error) {
  if (strcmp(name, "escp-slow") != 0) return NSS_STATUS_NOTFOUND;
  wait_for_answer("getpwnam");
  if (fails(error)) return NSS_STATUS_UNAVAIL;
  return user(entry, buffer, length, error);
}

enum nss_status _nss_escpslow_getgrgid_r(gid_t id, struct group *entry, char *buffer, size_t length, int *error) {
  if (id != number("ESCP_SLOW_ID")) return NSS_STATUS_NOTFOUND;
  wait_for_answer("getgrgid");
  if (fails(error)) return NSS_STATUS_UNAVAIL;
  return group(entry, buffer, length, error);
}

enum nss_status _nss_escpslow_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t length,
                                         int *error) {
  if (strcmp(name, "escp-slow") != 0) return NSS_STATUS_NOTFOUND;
  wait_for_answer("getgrnam");
  if (fails(error)) return NSS_STATUS_UNAVAIL;
  return group(entry, buffer, length, error);
}
