/*
 * Runs a Moddable simulator library (mc.so) without a window: `host mc.so`.
 *
 * The SDK's own mcsim needs a display and never exits. This host is the other end of the SDK's screen.h, which is
 * included from $MODDABLE at build time: it launches the library, turns a GLib loop for sockets and timers, and exits
 * with N when the app posts "exit:N" (see lib/simulator.js), or with 100 + status when XS aborts
 * (104 dead strip, 105 unhandled exception, 101 to 103 memory).
 */
#include <dlfcn.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "screen.h"

enum { WIDTH = 240, HEIGHT = 320, SHORTEST_TICK_MS = 5 };

static GMainLoop* loop;
static guint ticker;
static int exitCode;
static gboolean exiting;

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
	txScreen* screen = calloc(1, sizeof(txScreen) + WIDTH * HEIGHT * screenBytesPerPixel);
	screen->width = WIDTH;
	screen->height = HEIGHT;
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
