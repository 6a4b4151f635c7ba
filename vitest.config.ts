import { defineConfig } from 'vitest/config';

const everything = ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'];

/** What needs PostgreSQL and a queue: gets servers that are started once per run (test/support/servers.ts). */
const withServers = [
  'packages/{platform,registry,http,client,cli}/src/**/*.test.ts',
  'services/*/src/**/*.test.ts',
  'test/*.test.ts',
];

export default defineConfig({
  // Tests read the workspace packages from their sources; only what runs in another thread or process
  // (workers, services) is read from dist, which `npm test` builds first.
  resolve: { conditions: ['retort-source'] },
  // Only our own condition: vitest hands these to Node, where `import` would reach `require` too.
  ssr: { resolve: { conditions: ['retort-source'] } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // One module graph for all files of a worker: loading it anew for each took a fifth of the whole run.
        test: { name: 'units', isolate: false, include: everything, exclude: ['**/node_modules/**', ...withServers] },
      },
      {
        extends: true,
        test: { name: 'servers', include: withServers, globalSetup: 'test/support/global-setup.ts' },
      },
    ],
  },
});
