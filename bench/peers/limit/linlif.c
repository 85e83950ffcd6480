// Yardstick: spikes = LIF(x W), loss = their sum, forward and backward to W (equations in ../README.md), the same data as the peers (numpy's RandomState
// redone here).  Own register-tiled product, of vectors of 16 (AVX-512, tiles of 8 rows) or 8 floats (AVX2, tiles of 6 and 5 rows), two vectors wide, so
// that the LIF scan runs on the tile just made, while it is in registers: ten steps at a time, columns split over threads, W packed in panels of a tile's
// width.  Backward: reverse scan of ten steps (trace overwritten by dL/dv), then dW += x' dL/dv of that block while both are in L2.  Each thread owns its
// columns of W, trace and dW: no exchange.
// Build: gcc -O3 -march=native -ffast-math -fopenmp linlif.c -o linlif -lm
#define _GNU_SOURCE
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#define INL static inline __attribute__((always_inline))
#ifdef __AVX512F__
enum { L = 16, R = 8 }; // floats of a vector; most rows of a tile
#else
enum { L = 8, R = 6 };
#endif
enum { W2 = 2 * L, TB = 10 }; // columns of a tile; steps of a block
typedef float Z __attribute__((vector_size(4 * L)));
typedef int32_t I __attribute__((vector_size(4 * L)));
#define LD(p) (*(const Z *)(p))
#define ST(p, x) (*(Z *)(p) = (x))
#define S1(x) ((Z){0} + (x))
#define IN_REGISTERS(x, y) __asm__("" : "+v"(x), "+v"(y)) // or gcc reads them from memory in every product, more than AVX2 can load
#define UNLESS(m, x) ((Z)(~(m) & (I)(x))) // x where the mask is 0, else 0
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
static long arg(int c, char **v, const char *k, long d) { for (int i = 1; i + 1 < c; i++) if (!strcmp(v[i], k)) return atol(v[i + 1]); return d; }
static void *al(size_t n) { n = (n + (2 << 20) - 1) >> 21 << 21; void *p = aligned_alloc(2 << 20, n); madvise(p, n, MADV_HUGEPAGE); memset(p, 0, n); return p; }
// numpy.random.RandomState(seed): MT19937, rand, randn (polar, cached)
static uint32_t mt[624]; static int mi = 624, hasg; static double gcache;
static void seed(uint32_t s) { for (int i = 0; i < 624; i++) { mt[i] = s; s = 1812433253u * (s ^ s >> 30) + i + 1; } mi = 624; hasg = 0; }
static uint32_t u32(void) { if (mi == 624) { for (int i = 0; i < 624; i++) { uint32_t y = (mt[i] & 0x80000000u) | (mt[(i + 1) % 624] & 0x7fffffffu); mt[i] = mt[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0); } mi = 0; }
  uint32_t y = mt[mi++]; y ^= y >> 11; y ^= y << 7 & 0x9d2c5680u; y ^= y << 15 & 0xefc60000u; return y ^ y >> 18; }
static double u01(void) { uint32_t a = u32() >> 5, b = u32() >> 6; return (a * 67108864.0 + b) / 9007199254740992.0; }
static double gauss(void) { if (hasg) { hasg = 0; return gcache; } double x, y, r; do { x = 2 * u01() - 1; y = 2 * u01() - 1; r = x * x + y * y; } while (r >= 1 || r == 0); double f = sqrt(-2 * log(r) / r); gcache = f * x; hasg = 1; return f * y; }

// Rows of the tile that begins at row i of n: as large as fill n with tiles of about one size.
INL int height(int i, int n) { int left = n - i; return left % R == 0 || R == 8 || left >= R * (R - 1) ? R : left % (R - 1) == 0 ? R - 1 : left > R ? (left % R < R - 1 && left > 2 * (R - 1) ? R : R - 1) : left; }
// r rows of z = d m + a w, spikes, and m after the reset; the trace of z to o
INL void forward(const int r, int N, const float *a, const float *w, float *m, float *o, I *cnt)
{
  const Z d = S1(.9f), one = S1(1.f); Z s[8][2];
#pragma GCC unroll 8
  for (int i = 0; i < r; i++)
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) s[i][h] = d * LD(m + i * W2 + L * h);
  for (int k = 0; k < N; k++, w += W2) { Z y0 = LD(w), y1 = LD(w + L); IN_REGISTERS(y0, y1);
#pragma GCC unroll 8
    for (int i = 0; i < r; i++) { Z y = S1(a[(size_t)i * N + k]); s[i][0] += y * y0; s[i][1] += y * y1; } }
#pragma GCC unroll 8
  for (int i = 0; i < r; i++)
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) { Z u = s[i][h]; I f = u >= one; ST(o + i * W2 + L * h, u); *cnt -= f; ST(m + i * W2 + L * h, UNLESS(f, u)); }
}
// r rows of dW += a' w over n rows of both
INL void gradient(const int r, int N, int n, const float *a, const float *w, float *D)
{
  Z s[8][2];
#pragma GCC unroll 8
  for (int i = 0; i < r; i++)
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) s[i][h] = LD(D + i * W2 + L * h);
  for (int k = 0; k < n; k++, w += W2, a += N) { Z y0 = LD(w), y1 = LD(w + L); IN_REGISTERS(y0, y1);
#pragma GCC unroll 8
    for (int i = 0; i < r; i++) { Z y = S1(a[i]); s[i][0] += y * y0; s[i][1] += y * y1; } }
#pragma GCC unroll 8
  for (int i = 0; i < r; i++)
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) ST(D + i * W2 + L * h, s[i][h]);
}
// Functions of their own, or what main keeps in registers pushes the tile out.
#define FIXED(H) static __attribute__((noinline)) void forward##H(int N, const float *a, const float *w, float *m, float *o, I *cnt) { forward(H, N, a, w, m, o, cnt); } \
  static __attribute__((noinline)) void gradient##H(int N, int n, const float *a, const float *w, float *D) { gradient(H, N, n, a, w, D); }
FIXED(1) FIXED(2) FIXED(3) FIXED(4) FIXED(5) FIXED(6) FIXED(8)
static void (*const FORWARD[])(int, const float *, const float *, float *, float *, I *) = {0, forward1, forward2, forward3, forward4, forward5, forward6, 0, forward8};
static void (*const GRADIENT[])(int, int, const float *, const float *, float *) = {0, gradient1, gradient2, gradient3, gradient4, gradient5, gradient6, 0, gradient8};

int main(int c, char **v) {
  int N = arg(c, v, "--n", 512), B = arg(c, v, "--batch", 16), T = arg(c, v, "--steps", 500), nt = arg(c, v, "--threads", 2), reps = arg(c, v, "--reps", 10); if (nt > 2) nt = 2;
  if (N % 64 || B % 8 || T % TB) { fprintf(stderr, "n must be a multiple of 64, batch of 8, steps of 10\n"); return 2; }
  int NP = N / W2, NR = TB * B; size_t vs = (size_t)NR * W2; // panels; rows per block; floats of a (block, panel) piece of the trace
  double tb = now(); float *x = al((size_t)4 * T * B * N), *W = al(4 * N * N), *P = al(4 * N * N), *V = al((size_t)4 * T * B * N), *D = al(4 * N * N), *vm = al((size_t)4 * B * N), *gm = al((size_t)4 * B * N);
  seed(0); for (size_t i = 0; i < (size_t)T * B * N; i++) x[i] = gauss(); for (int i = 0; i < N * N; i++) W[i] = gauss() / sqrt(N);
  double setup = now() - tb, best = 1e30, fb = 1e30, norm = 0; long spikes = 0;
  cpu_set_t all; sched_getaffinity(0, sizeof all, &all); int cpu[2], nc = 0; for (int i = 0; i < CPU_SETSIZE && nc < 2; i++) if (CPU_ISSET(i, &all)) cpu[nc++] = i;
  for (int rep = 0; rep <= reps; rep++) { double t0 = now(), tf = 0, sq = 0; long cnt = 0;
#pragma omp parallel num_threads(nt) reduction(+ : cnt, sq)
    { int me = omp_get_thread_num(), p0 = NP * me / nt, p1 = NP * (me + 1) / nt; if (nt <= nc) { cpu_set_t q; CPU_ZERO(&q); CPU_SET(cpu[me], &q); sched_setaffinity(0, sizeof q, &q); }
      const Z d = S1(.9f), one = S1(1.f), pi = S1(3.14159265f); I n = {0};
      for (int p = p0; p < p1; p++) { for (int k = 0; k < N; k++) for (int h = 0; h < W2; h += L) ST(P + ((size_t)p * N + k) * W2 + h, LD(W + (size_t)k * N + p * W2 + h));
        memset(vm + (size_t)p * B * W2, 0, 4 * W2 * B); memset(gm + (size_t)p * B * W2, 0, 4 * W2 * B); memset(D + (size_t)p * N * W2, 0, 4 * W2 * N); }
      for (int q = 0; q < T / TB; q++) for (int p = p0; p < p1; p++) { float *o = V + ((size_t)q * NP + p) * vs, *m = vm + (size_t)p * B * W2; const float *w = P + (size_t)p * N * W2;
        for (int t = 0; t < TB; t++) for (int b = 0, r; b < B; b += r) { r = height(b, B); const float *a = x + ((size_t)q * NR + t * B + b) * N;
          FORWARD[r](N, a, w, m + b * W2, o + (t * B + b) * W2, &n); } }
      for (int i = 0; i < L; i++) cnt += n[i];
      if (me == 0) tf = now() - t0;
      for (int q = T / TB - 1; q >= 0; q--) for (int p = p0; p < p1; p++) { float *o = V + ((size_t)q * NP + p) * vs, *m = gm + (size_t)p * B * W2;
        for (int b = 0; b < B; b++) for (int h = 0; h < 2; h++) { Z g = LD(m + b * W2 + L * h);
          for (int t = TB - 1; t >= 0; t--) { float *z = o + (t * B + b) * W2 + L * h; Z u = LD(z), y = (u - one) * pi, r = one / (y * y + one); g = d * UNLESS(u >= one, g) + r; ST(z, g); }
          ST(m + b * W2 + L * h, g); }
        for (int i = 0, r; i < N; i += r) { r = height(i, N); GRADIENT[r](N, NR, x + (size_t)q * NR * N + i, o, D + ((size_t)p * N + i) * W2); } }
      for (size_t i = (size_t)p0 * N * W2; i < (size_t)p1 * N * W2; i += L) { Z y = LD(D + i); y *= y; for (int k = 0; k < L; k++) sq += y[k]; } }
    double e = now() - t0; spikes = cnt; norm = sqrt(sq); if (rep && e < best) { best = e; fb = tf; } }
  double un = (double)T * B * N;
  printf("{\"workload\": \"linlif\", \"peer\": \"limit\", \"version\": \"c\", \"n\": %d, \"steps\": %d, \"threads\": %d, \"dtype\": \"f32\", \"setup_s\": %.4f, \"compile_s\": 0, \"run_s\": %.6g, \"ns_per_unit\": %.5g, \"unit\": \"neuron-step\", \"batch\": %d, "
         "\"check\": {\"loss\": %ld, \"rate\": %.6g, \"grad_norm\": %.6g}, \"fwd_s\": %.6g, \"gflops\": %.4g}\n", N, T, nt, setup, best, best * 1e9 / un, B, spikes, spikes / un, norm, fb, 4e-9 * un * N / best);
}
