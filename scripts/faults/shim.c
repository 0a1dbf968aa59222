/* A layer between a process and its disk, loaded by LD_PRELOAD: it counts the calls that change files under one folder,
   lets chosen ones fail, and writes down what was written, synced, renamed and removed.

   It does nothing until `faults_watch` names the folder. Whatever belongs to shared memory (`-shm`) is left alone: it is
   mapped, not written, and SQLite lays it anew after a crash. The real calls are made with syscall(2), so that nothing
   depends on which of libc's names a library uses. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ONCE, FROM_THEN_ON, TORN, SHORT, KILL };  /* how a chosen call fails */

static char root[PATH_MAX];     /* "" while nothing is watched */
static int trace = -1;          /* where operations are written down */
static int really_sync = 1;     /* whether fsync reaches the disk */
static long seen, failed;       /* calls so far */
static long chosen;             /* the call that fails, 0 for none */
static int how, with;           /* in which way, and with which errno */
static int only_syncs;          /* count and fail nothing but fsync and fdatasync */
static char journal[256];       /* what the calls were, the last of them */

void faults_watch(const char *folder) { snprintf(root, sizeof root, "%s", folder); seen = failed = 0; }
void faults_trace(int descriptor, int sync) { trace = descriptor; really_sync = sync; }
void faults_fail(long nth, int in_which_way, int error, int syncs) { chosen = nth; how = in_which_way; with = error; only_syncs = syncs; seen = failed = 0; }
long faults_seen(void) { return seen; }
long faults_failed(void) { return failed; }
const char *faults_last(void) { return journal; }

static int below_root(const char *path) {
    size_t length = strlen(root);
    if (!length || strncmp(path, root, length) || (path[length] != '/' && path[length])) return 0;
    size_t whole = strlen(path);
    return !(whole > 4 && !strcmp(path + whole - 4, "-shm"));
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (got < 0) return 0;
    path[got] = 0;
    return 1;
}

static int watched_fd(int fd, char *path) { return root[0] && path_of(fd, path) && below_root(path); }

static int watched_at(int folder, const char *name, char *path) {
    if (!root[0] || !name) return 0;
    if (name[0] == '/') snprintf(path, PATH_MAX, "%s", name);
    else {
        char base[PATH_MAX];
        if (folder == AT_FDCWD) { if (syscall(SYS_getcwd, base, sizeof base) < 0) return 0; }
        else if (!path_of(folder, base)) return 0;
        if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) return 0;
    }
    return below_root(path);
}

/* One operation of the trace: a header of fixed size, the path, the second path, the data. */
struct header { char op; char was_failed; uint16_t path, other; uint32_t data; uint64_t file; int64_t offset; } __attribute__((packed));

static void note(char op, int was_failed, const char *path, const char *other, uint64_t file, int64_t offset, const void *data, size_t size) {
    if (trace < 0) return;
    struct header head = { op, was_failed, strlen(path), other ? strlen(other) : 0, size, file, offset };
    struct iovec parts[4] = { { &head, sizeof head }, { (void *) path, head.path }, { (void *) other, head.other }, { (void *) data, size } };
    syscall(SYS_writev, trace, parts, 4);
}

void faults_mark(const char *text) { note('m', 0, text, NULL, 0, 0, NULL, 0); }

static uint64_t inode(int fd) { struct stat st; return fstat(fd, &st) ? 0 : st.st_ino; }

/* Returns 1 where this call is to fail. */
static int fails(const char *name, const char *path, int is_sync) {
    if (only_syncs && !is_sync) return 0;
    seen++;
    if (!chosen || seen < chosen || (seen > chosen && how == ONCE) || (seen > chosen + 1 && how != FROM_THEN_ON)) return 0;
    if (seen > chosen && how == TORN) return 0;
    /* What takes nothing, or gives space back, succeeds on a full disk. */
    if (with == ENOSPC && how != KILL && (!strcmp(name, "remove") || !strcmp(name, "truncate"))) return 0;
    if (how == KILL) syscall(SYS_kill, getpid(), SIGKILL);
    failed++;
    const char *last = strrchr(path, '/');
    snprintf(journal, sizeof journal, "%s %s", name, last ? last + 1 : path);
    return 1;
}

static ssize_t real_write(int fd, const void *data, size_t size, off_t offset, int positioned) {
    return positioned ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
}

static ssize_t put(int fd, const void *data, size_t size, off_t offset, int positioned) {
    char path[PATH_MAX];
    if (!watched_fd(fd, path)) return real_write(fd, data, size, offset, positioned);
    size_t wanted = size;
    int error = 0, torn = 0;
    if (fails("write", path, 0)) {
        int first = seen == chosen;
        if (first && (how == TORN || how == SHORT) && size > 1) wanted = size / 2;
        else wanted = 0;
        torn = wanted && how == TORN;
        if (!(first && how == SHORT && size > 1)) error = with;
    }
    struct stat st;
    if (!positioned) offset = fstat(fd, &st) ? 0 : (fcntl(fd, F_GETFL) & O_APPEND) ? st.st_size : lseek(fd, 0, SEEK_CUR);
    /* Who is told that a write failed finds the file's position where it was. */
    ssize_t done = wanted || !error ? real_write(fd, data, wanted, offset, positioned || torn) : 0;
    if (done > 0) note('w', 0, path, NULL, inode(fd), offset, data, done);
    if (error) { errno = error; return -1; }
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return put(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return put(fd, data, size, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return put(fd, data, size, offset, 1); }

static ssize_t put_all(int fd, const struct iovec *parts, int count, off_t offset, int positioned) {
    ssize_t sum = 0;
    for (int n = 0; n < count; n++) {
        ssize_t done = put(fd, parts[n].iov_base, parts[n].iov_len, offset + sum, positioned);
        if (done < 0) return sum ? sum : -1;
        sum += done;
        if ((size_t) done < parts[n].iov_len) break;
    }
    return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    return watched_fd(fd, path) ? put_all(fd, parts, count, 0, 0) : syscall(SYS_writev, fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return put_all(fd, parts, count, offset, 1); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) { return put_all(fd, parts, count, offset, 1); }

/* Copies inside the kernel would pass us by: programs fall back on reading and writing. */
ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
    char path[PATH_MAX];
    if (watched_fd(out, path)) { errno = EINVAL; return -1; }
    return syscall(SYS_sendfile, out, in, offset, size);
}
ssize_t sendfile64(int out, int in, off_t *offset, size_t size) { return sendfile(out, in, offset, size); }
ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t size, unsigned flags) {
    char path[PATH_MAX];
    if (watched_fd(out, path)) { errno = EXDEV; return -1; }
    return syscall(SYS_copy_file_range, in, from, out, to, size, flags);
}

static int sync_with(long call, int fd) {
    char path[PATH_MAX];
    if (!watched_fd(fd, path)) return syscall(call, fd);
    struct stat st;
    char op = !fstat(fd, &st) && S_ISDIR(st.st_mode) ? 'd' : 's';
    if (fails("fsync", path, 1)) {
        note(op, 1, path, NULL, inode(fd), 0, NULL, 0);
        errno = with;
        return -1;
    }
    int done = really_sync ? syscall(call, fd) : 0;
    if (!done) note(op, 0, path, NULL, inode(fd), 0, NULL, 0);
    return done;
}
int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

static int cut(int fd, off_t size) {
    char path[PATH_MAX];
    if (!watched_fd(fd, path)) return syscall(SYS_ftruncate, fd, size);
    if (fails("truncate", path, 0)) { errno = with; return -1; }
    int done = syscall(SYS_ftruncate, fd, size);
    if (!done) note('t', 0, path, NULL, inode(fd), size, NULL, 0);
    return done;
}
int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off_t size) { return cut(fd, size); }

static int grow(int fd, int mode, off_t offset, off_t size) {
    char path[PATH_MAX];
    if (!watched_fd(fd, path)) return syscall(SYS_fallocate, fd, mode, offset, size);
    errno = EOPNOTSUPP;  /* programs write zeros instead, which we see */
    return -1;
}
int fallocate(int fd, int mode, off_t offset, off_t size) { return grow(fd, mode, offset, size); }
int fallocate64(int fd, int mode, off_t offset, off_t size) { return grow(fd, mode, offset, size); }

static int open_file(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int is_new = 0, is_cut = 0;
    int writes = (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
    if (writes && (flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE && watched_at(folder, name, path)) {
        struct stat st;
        int is_there = !syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0);
        is_new = (flags & O_CREAT) && !is_there;
        is_cut = is_there && (flags & O_TRUNC) && st.st_size;
        if ((is_new || is_cut) && fails("open", path, 0)) { errno = with; return -1; }
    }
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && is_new) note('c', 0, path, NULL, inode(fd), 0, NULL, 0);
    if (fd >= 0 && is_cut) note('t', 0, path, NULL, inode(fd), 0, NULL, 0);
    return fd;
}
#define MODE(last) mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, last); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *name, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE(flags) return open_file(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE(flags) return open_file(folder, name, flags | O_LARGEFILE, mode); }
int creat(const char *name, mode_t mode) { return open_file(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return open_file(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static int move(int from, const char *name, int to, const char *other, unsigned flags) {
    char path[PATH_MAX], target[PATH_MAX];
    int watched = watched_at(from, name, path) | watched_at(to, other, target);
    if (watched && fails("rename", target, 0)) { errno = with; return -1; }
    int done = syscall(SYS_renameat2, from, name, to, other, flags);
    if (watched && !done) note('r', 0, path, target, 0, 0, NULL, 0);
    return done;
}
int rename(const char *name, const char *other) { return move(AT_FDCWD, name, AT_FDCWD, other, 0); }
int renameat(int from, const char *name, int to, const char *other) { return move(from, name, to, other, 0); }
int renameat2(int from, const char *name, int to, const char *other, unsigned flags) { return move(from, name, to, other, flags); }

static int join(int from, const char *name, int to, const char *other, int flags) {
    char path[PATH_MAX], target[PATH_MAX];
    watched_at(from, name, path);
    int watched = watched_at(to, other, target);
    if (watched && fails("link", target, 0)) { errno = with; return -1; }
    int done = syscall(SYS_linkat, from, name, to, other, flags);
    if (watched && !done) note('l', 0, path, target, 0, 0, NULL, 0);
    return done;
}
int link(const char *name, const char *other) { return join(AT_FDCWD, name, AT_FDCWD, other, 0); }
int linkat(int from, const char *name, int to, const char *other, int flags) { return join(from, name, to, other, flags); }

static int drop(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    struct stat st;
    int watched = watched_at(folder, name, path) && !syscall(SYS_newfstatat, folder, name, &st, AT_SYMLINK_NOFOLLOW);
    if (watched && fails("remove", path, 0)) { errno = with; return -1; }
    int done = syscall(SYS_unlinkat, folder, name, flags);
    if (watched && !done) note('u', 0, path, NULL, 0, 0, NULL, 0);
    return done;
}
int unlink(const char *name) { return drop(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return drop(folder, name, flags); }
int rmdir(const char *name) { return drop(AT_FDCWD, name, AT_REMOVEDIR); }

static int make_folder(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    struct stat st;
    int watched = watched_at(folder, name, path) && syscall(SYS_newfstatat, folder, name, &st, 0);
    if (watched && fails("mkdir", path, 0)) { errno = with; return -1; }
    int done = syscall(SYS_mkdirat, folder, name, mode);
    if (watched && !done) note('k', 0, path, NULL, 0, 0, NULL, 0);
    return done;
}
int mkdir(const char *name, mode_t mode) { return make_folder(AT_FDCWD, name, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return make_folder(folder, name, mode); }
