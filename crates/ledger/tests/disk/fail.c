/* Stands between a program and the C library, by LD_PRELOAD: the n-th write, sync, truncation or removal of a file
 * whose path contains FAIL_PATH goes wrong. FAIL_HOW says in which way: "error" gives EIO and does nothing, "half" does
 * half a write and ends the process, "kill" ends it before the call, "late" after it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long steps;

static int chosen(const char *path) {
    const char *part = getenv("FAIL_PATH"), *at = getenv("FAIL_AT");
    return part && at && strstr(path, part) && atomic_fetch_add(&steps, 1) + 1 == atol(at);
}

static int chosen_file(int file) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return chosen(path);
}

static int is(const char *how) {
    const char *said = getenv("FAIL_HOW");
    return said && strcmp(said, how) == 0;
}

static void end(void) {
    raise(SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What happens instead of the call, or around it. */
#define STEP(now, half, call)                       \
    do {                                            \
        if (!(now)) return call;                    \
        dprintf(2, "fault\n");                     \
        if (is("error")) { errno = EIO; return -1; } \
        if (is("half")) { half; end(); }            \
        if (is("kill")) end();                      \
        long result = (long)(call);                 \
        end();                                      \
        return result;                              \
    } while (0)

ssize_t write(int file, const void *bytes, size_t count) {
    STEP(chosen_file(file), REAL(write)(file, bytes, count / 2), REAL(write)(file, bytes, count));
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    STEP(chosen_file(file), REAL(pwrite)(file, bytes, count / 2, at), REAL(pwrite)(file, bytes, count, at));
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    STEP(chosen_file(file), REAL(pwrite64)(file, bytes, count / 2, at), REAL(pwrite64)(file, bytes, count, at));
}

int fsync(int file) { STEP(chosen_file(file), (void)0, REAL(fsync)(file)); }

int fdatasync(int file) { STEP(chosen_file(file), (void)0, REAL(fdatasync)(file)); }

int ftruncate(int file, off_t length) { STEP(chosen_file(file), (void)0, REAL(ftruncate)(file, length)); }

int ftruncate64(int file, off64_t length) { STEP(chosen_file(file), (void)0, REAL(ftruncate64)(file, length)); }

int unlink(const char *path) { STEP(chosen(path), (void)0, REAL(unlink)(path)); }

int rename(const char *from, const char *to) { STEP(chosen(from), (void)0, REAL(rename)(from, to)); }
