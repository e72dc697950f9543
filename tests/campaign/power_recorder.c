/* Records in order what a program writes to one folder's database files, what it syncs, and what it says.
 *
 * Loaded with LD_PRELOAD by power_campaign.py; Linux and glibc only. POWER_LOG names the record file, POWER_FOLDER the
 * folder. A record is a head of 32 bytes and `length` bytes of data; power_disk.py reads it. A sync has two records:
 * what was written before the first of them is on the disk from the second on. Speech on standard output is recorded
 * before it leaves, so that whatever it promises must be on the disk by then. -shm is memory and not recorded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC_BEGINS, SYNC_ENDS, UNLINK, RENAME, SAID };
enum { MOST_FILES = 4096, HEAD_BYTES = 32 };

struct head { uint32_t kind, file; uint64_t offset, length, spare; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *watched[MOST_FILES]; /* name below the folder by descriptor; "." is the folder itself */
static uint32_t ids[MOST_FILES];  /* a number for each opening */
static uint32_t openings;
static int record = -1;
static char folder[PATH_MAX];
static size_t folder_length;

static ssize_t (*real_write)(int, const void *, size_t);

static void *next_of(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    real_write = next_of("write");
    const char *path = getenv("POWER_LOG"), *place = getenv("POWER_FOLDER");
    if (!path || !place || !realpath(place, folder)) return;
    folder_length = strlen(folder);
    record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* All of it, or the test is worthless: a record that cannot be written ends the program. */
static void put(const void *data, size_t length) {
    const char *left = data;
    while (length) {
        ssize_t done = real_write(record, left, length);
        if (done <= 0) _exit(99);
        left += done;
        length -= (size_t)done;
    }
}

static void note(uint32_t kind, uint32_t file, uint64_t offset, const void *data, uint64_t length) {
    if (record < 0) return;
    struct head head = {kind, file, offset, length, 0};
    pthread_mutex_lock(&lock);
    put(&head, HEAD_BYTES);
    put(data, length);
    pthread_mutex_unlock(&lock);
}

/* The name below the folder if the file is one of the database's, else NULL. */
static const char *ours(const char *path) {
    static __thread char whole[PATH_MAX];
    if (record < 0 || !path) return NULL;
    if (path[0] != '/') {
        if (!getcwd(whole, sizeof whole) || strlen(whole) + strlen(path) + 2 > sizeof whole) return NULL;
        strcat(strcat(whole, "/"), path);
        path = whole;
    }
    if (strncmp(path, folder, folder_length)) return NULL;
    if (!path[folder_length] || !strcmp(path + folder_length, "/")) return ".";
    const char *name = path + folder_length + 1;
    if (strncmp(name, "matou.db", 8) || strstr(name, "-shm")) return NULL;
    return name;
}

static int opened(int file, const char *path, int flags) {
    const char *name = ours(path);
    if (file < 0 || file >= MOST_FILES || !name) return file;
    char text[PATH_MAX];
    size_t length = strlen(strcpy(text, name));
    pthread_mutex_lock(&lock);
    free(watched[file]);
    watched[file] = strdup(name);
    uint32_t id = ids[file] = ++openings;
    pthread_mutex_unlock(&lock);
    note(OPEN, id, (uint64_t)((flags & O_CREAT) != 0) | (uint64_t)((flags & O_TRUNC) != 0) << 1, text, length);
    return file;
}

#define OPENING(symbol, before, path_name, ...)                                     \
    {                                                                               \
        static int (*real)(__VA_ARGS__, ...);                                       \
        if (!real) real = next_of(symbol);                                          \
        mode_t mode = 0;                                                            \
        if (flags & (O_CREAT | O_TMPFILE)) {                                        \
            va_list more;                                                           \
            va_start(more, flags);                                                  \
            mode = va_arg(more, mode_t);                                            \
            va_end(more);                                                           \
        }                                                                           \
        return opened(real before, path_name, flags);                               \
    }
int open(const char *path, int flags, ...) OPENING("open", (path, flags, mode), path, const char *, int)
int open64(const char *path, int flags, ...) OPENING("open64", (path, flags, mode), path, const char *, int)
int openat(int at, const char *path, int flags, ...)
    OPENING("openat", (at, path, flags, mode), path, int, const char *, int)
int openat64(int at, const char *path, int flags, ...)
    OPENING("openat64", (at, path, flags, mode), path, int, const char *, int)

static int is_ours(int file) { return file >= 0 && file < MOST_FILES && watched[file]; }

int close(int file) {
    static int (*real)(int);
    if (!real) real = next_of("close");
    if (is_ours(file)) {
        pthread_mutex_lock(&lock);
        free(watched[file]);
        watched[file] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return real(file);
}

ssize_t write(int file, const void *data, size_t length) {
    if (!real_write) real_write = next_of("write");
    if (file == STDOUT_FILENO) note(SAID, 0, 0, data, length);
    off_t at = is_ours(file) ? lseek(file, 0, SEEK_CUR) : 0;
    ssize_t done = real_write(file, data, length);
    if (is_ours(file) && done > 0) note(WRITE, ids[file], (uint64_t)at, data, (uint64_t)done);
    return done;
}

static ssize_t written_at(ssize_t done, int file, const void *data, off_t at) {
    if (is_ours(file) && done > 0) note(WRITE, ids[file], (uint64_t)at, data, (uint64_t)done);
    return done;
}

ssize_t pwrite(int file, const void *data, size_t length, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = next_of("pwrite");
    return written_at(real(file, data, length, at), file, data, at);
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = next_of("pwrite64");
    return written_at(real(file, data, length, at), file, data, at);
}

static int truncated(int result, int file, uint64_t length) {
    if (is_ours(file) && !result) note(TRUNCATE, ids[file], length, "", 0);
    return result;
}

int ftruncate(int file, off_t length) {
    static int (*real)(int, off_t);
    if (!real) real = next_of("ftruncate");
    return truncated(real(file, length), file, (uint64_t)length);
}

int ftruncate64(int file, off64_t length) {
    static int (*real)(int, off64_t);
    if (!real) real = next_of("ftruncate64");
    return truncated(real(file, length), file, (uint64_t)length);
}

static int synced(const char *symbol, int file) {
    int (*real)(int) = next_of(symbol);
    uint32_t id = is_ours(file) ? ids[file] : 0;
    if (id) note(SYNC_BEGINS, id, 0, "", 0);
    int result = real(file);
    if (id && !result) note(SYNC_ENDS, id, 0, "", 0);
    return result;
}

int fsync(int file) { return synced("fsync", file); }
int fdatasync(int file) { return synced("fdatasync", file); }

int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = next_of("unlink");
    char text[PATH_MAX];
    const char *name = ours(path);
    if (name) strcpy(text, name);
    int result = real(path);
    if (name && !result) note(UNLINK, 0, 0, text, strlen(text));
    return result;
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = next_of("rename");
    char text[2 * PATH_MAX];
    const char *name = ours(from);
    if (name) strcpy(text, name);
    int result = real(from, to);
    const char *after = ours(to);
    if (name && after && !result) {
        strcat(strcat(text, "\n"), after);
        note(RENAME, 0, 0, text, strlen(text));
    }
    return result;
}
