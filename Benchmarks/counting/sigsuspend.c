// Valgrind 3.19 writes to the mask that a program hands to sigsuspend(2). libdispatch, in which the
// main thread of a Swift program ends up, keeps that mask where nothing can be written: so a copy.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    return (int)syscall(SYS_rt_sigsuspend, &copy, _NSIG / 8);
}
