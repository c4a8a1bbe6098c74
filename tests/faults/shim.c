/* Stands before the C library (LD_PRELOAD) and makes the N-th saving call below a folder fail.

   Counted are opening for writing, writing, syncing, renaming, linking, making folders and changing a file's length, whoever
   calls: Python, SQLite or a tensor library. ENOSPC stays: from the N-th call on, whatever needs room fails as well, as on a full
   disk. Any other error comes once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096];
static long failing = 0, seen = 0;
static int error_number = 0, hit = 0;
static char what[4200];

void faults_arm(const char *below, long n, int number) {
    snprintf(folder, sizeof folder, "%s", below);
    failing = n;
    seen = 0;
    hit = 0;
    error_number = number;
    what[0] = 0;
}

long faults_disarm(void) {
    folder[0] = 0;
    return seen;
}

int faults_hit(void) { return hit; }
const char *faults_what(void) { return what; }

static int below(const char *path) { return folder[0] && strncmp(path, folder, strlen(folder)) == 0; }

/* Whether this call fails. needs_room: it does on a full disk too. */
static int fails(const char *call, const char *path, int needs_room) {
    if (!below(path)) return 0;
    seen++;
    if (seen == failing || (hit && needs_room && error_number == ENOSPC)) {
        if (!hit) snprintf(what, sizeof what, "%s %s", call, path + strlen(folder));
        hit = 1;
        errno = error_number;
        return 1;
    }
    return 0;
}

static int fd_fails(const char *call, int fd, int needs_room) {
    char link[64], path[4096];
    int saved = errno;
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (n < 0) return 0;
    path[n] = 0;
    return fails(call, path, needs_room);
}

static int at_fails(const char *call, int at, const char *path, int needs_room) {
    return (at == AT_FDCWD || path[0] == '/') && fails(call, path, needs_room);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define WRITING(flags) (((flags) & O_ACCMODE) != O_RDONLY || ((flags) & O_CREAT))
#define MODE(mode) mode_t mode = 0; if (flags & O_CREAT) { va_list args; va_start(args, flags); mode = va_arg(args, mode_t); va_end(args); }

int open(const char *path, int flags, ...) {
    MODE(mode)
    if (WRITING(flags) && fails("open", path, (flags & O_CREAT) && access(path, F_OK) != 0)) return -1;
    return REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(mode)
    if (WRITING(flags) && fails("open", path, (flags & O_CREAT) && access(path, F_OK) != 0)) return -1;
    return REAL(open64)(path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) {
    MODE(mode)
    if (WRITING(flags) && at_fails("open", at, path, flags & O_CREAT)) return -1;
    return REAL(openat)(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    MODE(mode)
    if (WRITING(flags) && at_fails("open", at, path, flags & O_CREAT)) return -1;
    return REAL(openat64)(at, path, flags, mode);
}
ssize_t write(int fd, const void *data, size_t n) { return fd_fails("write", fd, 1) ? -1 : REAL(write)(fd, data, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { return fd_fails("write", fd, 1) ? -1 : REAL(writev)(fd, v, n); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    return fd_fails("write", fd, 1) ? -1 : REAL(pwrite)(fd, data, n, at);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    return fd_fails("write", fd, 1) ? -1 : REAL(pwrite64)(fd, data, n, at);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t n);
ssize_t sendfile64(int to, int from, off64_t *at, size_t n) {
    return fd_fails("write", to, 1) ? -1 : REAL(sendfile64)(to, from, at, n);
}
ssize_t sendfile(int to, int from, off_t *at, size_t n);
ssize_t sendfile(int to, int from, off_t *at, size_t n) {
    return fd_fails("write", to, 1) ? -1 : REAL(sendfile)(to, from, at, n);
}
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t n, unsigned flags) {
    return fd_fails("write", to, 1) ? -1 : REAL(copy_file_range)(from, a, to, b, n, flags);
}
int ftruncate(int fd, off_t n) { return fd_fails("truncate", fd, 0) ? -1 : REAL(ftruncate)(fd, n); }
int ftruncate64(int fd, off64_t n) { return fd_fails("truncate", fd, 0) ? -1 : REAL(ftruncate64)(fd, n); }
int posix_fallocate64(int fd, off64_t at, off64_t n) {
    return fd_fails("allocate", fd, 1) ? errno : REAL(posix_fallocate64)(fd, at, n);
}
int fsync(int fd) { return fd_fails("fsync", fd, 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fd_fails("fsync", fd, 0) ? -1 : REAL(fdatasync)(fd); }
int mkdir(const char *path, mode_t mode) { return fails("mkdir", path, 1) ? -1 : REAL(mkdir)(path, mode); }
int rename(const char *from, const char *to) { return fails("rename", to, 0) ? -1 : REAL(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    return at_fails("rename", b, to, 0) ? -1 : REAL(renameat)(a, from, b, to);
}
int link(const char *from, const char *to) { return fails("link", to, 1) ? -1 : REAL(link)(from, to); }
