/* A disk that fails, or that forgets what was not synced: preloaded into the tortured service.

   Only files below TORTURE_DISK count; their names are asked of /proc at each call.

   TORTURE_FAIL=N:ERRNO   from the N-th change of a file on, each fails with ERRNO as long as the
                          file $TORTURE_DISK.broken exists; the first one makes $TORTURE_DISK.hit.
   TORTURE_SYNCED=FOLDER  at each sync the file is copied there: that is what a power cut leaves.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static int is_below(const char *path) {
    const char *folder = getenv("TORTURE_DISK");
    return folder && strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/';
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int exists(const char *ending, int make) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s%s", getenv("TORTURE_DISK"), ending);
    if (make) close(REAL(open)(path, O_CREAT | O_WRONLY, 0600));
    return access(path, F_OK) == 0;
}

/* Whether this change fails; errno says why. */
static int fails(void) {
    static int changes;
    const char *order = getenv("TORTURE_FAIL");
    int first, reason;
    if (!order || sscanf(order, "%d:%d", &first, &reason) != 2) return 0;
    if (__atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST) < first || !exists(".broken", 0)) return 0;
    exists(".hit", 1);
    errno = reason;
    return 1;
}

/* Copy what a sync that begins now makes safe; it takes its place when the sync has ended. */
static int sync_and_keep(int fd, int (*sync)(int)) {
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    char path[PATH_MAX], kept[PATH_MAX], draft[PATH_MAX + 8], block[65536];
    const char *folder = getenv("TORTURE_SYNCED");
    if (!path_of(fd, path)) return sync(fd);
    if (fails()) return -1;
    struct stat state;
    if (!folder || fstat(fd, &state) || !S_ISREG(state.st_mode)) return sync(fd);
    pthread_mutex_lock(&one);
    if (snprintf(kept, sizeof kept, "%s%s", folder, strrchr(path, '/')) >= PATH_MAX) abort();
    snprintf(draft, sizeof draft, "%s.draft", kept);
    int from = REAL(open)(path, O_RDONLY), to = REAL(open)(draft, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    for (ssize_t got; (got = read(from, block, sizeof block)) > 0;)
        if (REAL(write)(to, block, got) != got) abort();
    close(from);
    close(to);
    int result = sync(fd);
    if (result == 0) rename(draft, kept);
    pthread_mutex_unlock(&one);
    return result;
}

int fsync(int fd) { return sync_and_keep(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_and_keep(fd, REAL(fdatasync)); }

static int refuses(int fd) {
    char path[PATH_MAX];
    return path_of(fd, path) && fails();
}

ssize_t write(int fd, const void *data, size_t size) {
    return refuses(fd) ? -1 : REAL(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return refuses(fd) ? -1 : REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return refuses(fd) ? -1 : REAL(pwrite64)(fd, data, size, at);
}
int ftruncate(int fd, off_t size) { return refuses(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return refuses(fd) ? -1 : REAL(ftruncate64)(fd, size); }

/* Opening changes something only if it makes the file. */
static int cannot_make(const char *path, int flags) {
    return (flags & O_CREAT) && is_below(path) && access(path, F_OK) != 0 && fails();
}

#define MODE(mode) \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
    va_end(rest)

int open(const char *path, int flags, ...) {
    MODE(mode);
    return cannot_make(path, flags) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(mode);
    return cannot_make(path, flags) ? -1 : REAL(open64)(path, flags, mode);
}
