import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Tests read the workspace packages from their sources; only what runs in another thread or process
  // (workers, services) is read from dist, which `npm test` builds first.
  resolve: { conditions: ['retort-source'] },
  // Only our own condition: vitest hands these to Node, where `import` would reach `require` too.
  ssr: { resolve: { conditions: ['retort-source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
