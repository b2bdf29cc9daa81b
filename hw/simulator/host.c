/*
 * Runs a Moddable simulator library (mc.so) without a window: `host mc.so`.
 *
 * The SDK's own mcsim needs a display and never exits. This host is the other end of the SDK's screen.h, which is
 * included from $MODDABLE at build time: it launches the library, turns a GLib loop for sockets and timers, and exits
 * with N when the app posts "exit:N" (see lib/simulator.js), or with 100 + status when XS aborts
 * (104 dead strip, 105 unhandled exception, 101 to 103 memory).
 *
 * Where the app's flash ($ENROLLEE_STATE) has an archive to run, app_run.bin, the engine maps it in place at the launch, as
 * an ESP32 does with its partition.
 *
 * $XS_MACHINE, "bytes of chunks,slots,slots of the stack": a machine of that size, which cannot grow, whatever the app's creation.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "screen.h"

enum { WIDTH = 240, HEIGHT = 320, SHORTEST_TICK_MS = 5, SOCKETS_MS = 20, LOOKS_AT_END = 16 };

static GMainLoop* loop;
static guint ticker;
static int exitCode;
static gboolean exiting;

/* The SDK's sockets on Linux look for bytes every 20 ms (kTaskInterval in its lin/tcp.c); every XS_SOCKETS milliseconds, where that is
   set. The app's own waits of 20 ms are as long then. */
guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	const char* milliseconds = getenv("XS_SOCKETS");
	if (milliseconds && interval == SOCKETS_MS)
		interval = (guint)atoi(milliseconds);
	return g_timeout_add_full(G_PRIORITY_DEFAULT, interval, function, data, NULL);
}

/* The same sockets never tell the app of the peer's end where they see it while bytes wait to be read: that is their last look. Of one that
   has said something it is kept from them for some looks, one in each turn of the loop, in which the app reads what there is. */
int select(int count, fd_set* readable, fd_set* writable, fd_set* excepted, struct timeval* most)
{
	static struct { ino_t heard; int looks; } all[FD_SETSIZE];
	int (*sees)(int, fd_set*, fd_set*, fd_set*, struct timeval*) = dlsym(RTLD_NEXT, "select");
	int found = (*sees)(count, readable, writable, excepted, most);
	int file = count - 1;
	struct stat status;
	uint8_t byte;
	if (found <= 0 || !readable || !FD_ISSET(file, readable) || fstat(file, &status))
		return found;
	ssize_t bytes = recv(file, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (bytes > 0) {
		all[file].heard = status.st_ino;
		all[file].looks = 0;
	}
	gboolean ended = !bytes || (bytes < 0 && errno == ECONNRESET);
	if (!ended || all[file].heard != status.st_ino || ++all[file].looks > LOOKS_AT_END)
		return found;
	FD_CLR(file, readable);
	return found - 1;
}

static gboolean tick(gpointer data)
{
	txScreen* screen = data;
	if (screen->idle)
		(*screen->idle)(screen);
	return G_SOURCE_CONTINUE;
}

static void onStart(txScreen* screen, double interval)
{
	if (!ticker)
		ticker = g_timeout_add(interval < SHORTEST_TICK_MS ? SHORTEST_TICK_MS : (guint)interval, tick, screen);
}

static void onStop(txScreen* screen)
{
	(void)screen;
	if (ticker)
		g_source_remove(ticker);
	ticker = 0;
}

/* The app's main runs inside the launch, so the wish to exit may come before the loop turns. */
static void onPost(txScreen* screen, char* message, int size)
{
	(void)screen;
	if (size > 0 || strncmp(message, "exit:", 5))
		return;
	exitCode = atoi(message + 5);
	exiting = TRUE;
	g_main_loop_quit(loop);
}

/* An aborted machine cannot be torn down in an orderly way. */
static void onAbort(txScreen* screen, int status)
{
	(void)screen;
	fprintf(stderr, "XS abort %d\n", status);
	fflush(NULL);
	_Exit(status ? 100 + status : 0);
}

static void onDraw(txScreen* screen)
{
	(void)screen;
}

static uint32_t read32(const uint8_t* at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* Atoms that fill the space. The desktop's lookup of modules follows their sizes anywhere; the ESP32's has bounds. */
static gboolean isSound(const uint8_t* at, const uint8_t* end)
{
	while (at < end) {
		if (end - at < 8 || read32(at) < 8 || read32(at) > end - at)
			return FALSE;
		if (!memcmp(at + 4, "MODS", 4) && !isSound(at + 8, at + read32(at)))
			return FALSE;
		at += read32(at);
	}
	return TRUE;
}

/* Null where there is none. Writes reach the file. */
static void* findArchive(void)
{
	const char* folder = getenv("ENROLLEE_STATE");
	char* path = g_build_filename(folder ? folder : ".", "app_run.bin", NULL);
	int file = folder ? open(path, O_RDWR) : -1;
	struct stat status;
	uint8_t* archive = MAP_FAILED;
	if (file >= 0 && !fstat(file, &status) && status.st_size >= 16)
		archive = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file >= 0)
		close(file);
	g_free(path);
	if (archive == MAP_FAILED || memcmp(archive + 4, "XS_A", 4) || read32(archive) > status.st_size)
		return NULL;
	return isSound(archive + 8, archive + read32(archive)) ? archive : NULL;
}

/* The head of XS's own, xs.h. */
typedef struct {
	int32_t initialChunkSize, incrementalChunkSize, initialHeapCount, incrementalHeapCount, stackCount;
} Creation;

/* The linker has it among what is constant. */
static gboolean resize(void* library, const char* machine)
{
	void* (*prepare)(Creation**) = (void* (*)(Creation**))dlsym(library, "xsPreparationAndCreation");
	Creation sized = { 0 };
	Creation* creation;
	if (!prepare || sscanf(machine, "%d,%d,%d", &sized.initialChunkSize, &sized.initialHeapCount, &sized.stackCount) != 3)
		return FALSE;
	(*prepare)(&creation);
	uintptr_t page = (uintptr_t)creation & -(uintptr_t)sysconf(_SC_PAGESIZE);
	if (mprotect((void*)page, (uintptr_t)(creation + 1) - page, PROT_READ | PROT_WRITE))
		return FALSE;
	*creation = sized;
	return TRUE;
}

int main(int argc, char** argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s mc.so\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* The SDK's TCP writes without MSG_NOSIGNAL: a peer's reset must be an error, not our end. */
	signal(SIGPIPE, SIG_IGN);
	void* library = dlopen(argv[1], RTLD_NOW);
	txScreenLaunchProc launch = library ? (txScreenLaunchProc)dlsym(library, "fxScreenLaunch") : NULL;
	if (!launch) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	const char* machine = getenv("XS_MACHINE");
	if (machine && !resize(library, machine)) {
		fprintf(stderr, "no machine of %s\n", machine);
		return 2;
	}
	txScreen* screen = calloc(1, sizeof(txScreen) + WIDTH * HEIGHT * screenBytesPerPixel);
	screen->width = WIDTH;
	screen->height = HEIGHT;
	screen->archive = findArchive();
	screen->abort = onAbort;
	screen->bufferChanged = onDraw;
	screen->formatChanged = onDraw;
	screen->post = onPost;
	screen->start = onStart;
	screen->stop = onStop;
	mxCreateMutex(&screen->workersMutex);
	loop = g_main_loop_new(NULL, FALSE);
	(*launch)(screen);
	if (!exiting)
		g_main_loop_run(loop);
	onStop(screen);
	if (screen->quit)
		(*screen->quit)(screen);
	return exitCode;
}
