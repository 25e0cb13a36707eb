/* SPDX-License-Identifier: MIT */
/* Every test of a cmocka program again with allocation 1, 2, 3 … failing. With RERUN_FAILING set in the environment the program
 * does that instead of its plain run; rerun.c takes cmocka's entry over by the linker's --wrap. Each run is a process of its own.
 * A test may then fail an assertion of its own (it expects what cannot be), but only when an allocation did fail; a run that
 * passes leaves no block behind; nothing crashes, aborts, trips a sanitizer or hangs.
 *
 *   RERUN_FAILING=all      each of the first RERUN_EVERY of a test (few have more: what they do comes again and again), then steps
 *                          of a 64th of the number reached
 *   RERUN_FAILING=some     each of the first RERUN_DENSE of a test, then ever wider steps
 *   RERUN_FAILING=TEST:N   that test with that allocation failing, in this process, its output visible
 */
#ifndef SUPPORT_RERUN_H
#define SUPPORT_RERUN_H

#define RERUN_EVERY   500
#define RERUN_DENSE   64  /* then steps of a quarter of the number reached */
#define RERUN_SECONDS 120 /* a run that takes longer hangs */

#endif
