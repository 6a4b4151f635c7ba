import { delimiter, resolve } from 'node:path';
import type { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listVariables, loadConfig } from './load.js';

describe('loadConfig', () => {
  it('needs nothing', () => {
    const config = loadConfig({}, '/srv');
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      auth: true,
      trustProxy: false,
      modelRoots: [],
      dataDir: '/srv/.retort',
      artifactsUrl: 'file:///srv/.retort/artifacts',
    });
    expect(config.databaseUrl).toBeUndefined();
  });

  it('reads every type, from the folder it is given', () => {
    const env = {
      PORT: '0',
      AUTH: 'off',
      TRUST_PROXY: '1',
      DATA_DIR: 'data',
      MODEL_ROOTS: ['models', '/opt/models'].join(delimiter),
      LOG_LEVEL: 'debug',
      DATABASE_URL: 'postgres://u:p@host/db',
      REDIS_URL: '',
    };
    expect(loadConfig(env, '/srv')).toMatchObject({
      port: 0,
      auth: false,
      trustProxy: true,
      dataDir: '/srv/data',
      modelRoots: [resolve('/srv/models'), '/opt/models'],
      logLevel: 'debug',
      databaseUrl: 'postgres://u:p@host/db',
    });
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', 'eighty'],
    ['AUTH', 'maybe'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://secret@x'],
    ['DATABASE_URL', 'postgres://a b:secret'],
    ['REDIS_URL', 'http://secret@x'],
    ['ARTIFACTS_URL', 's3://bucket'],
    ['ARTIFACTS_URL', 'file://other-host/x'],
    ['QUEUE_NAMESPACE', 'Robert"; DROP'],
    ['JOB_LOCK_MS', '1'],
    ['JOB_ATTEMPTS', '0'],
  ])('refuses %s=%s, naming the variable and keeping its value to itself', (name, value) => {
    const attempt = () => loadConfig({ [name]: value });
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'RT_INVALID_FIELD', message: expect.stringContaining(name) }),
    );
    expect(attempt).not.toThrow(/secret/);
  });

  it('names all that is wrong at once', () => {
    expect(() => loadConfig({ PORT: '-1', LOG_LEVEL: 'loud' })).toThrow(/PORT.*LOG_LEVEL/);
  });

  it('takes any text for any variable: it loads or it blames that variable', () => {
    const names = listVariables().map((variable) => variable.name);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string({ unit: 'binary' }), (name, value) => {
        try {
          return loadConfig({ [name]: value }) !== undefined;
        } catch (error) {
          const { code, problems } = error as RetortError;
          return code === 'RT_INVALID_FIELD' && problems.length === 1 && problems[0]!.path === `/${name}`;
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('listVariables', () => {
  it('describes each variable, with a default that loads to the same', () => {
    const variables = listVariables();
    for (const { name, type, description } of variables) {
      expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
      expect(type).not.toBe('');
      expect(description).toMatch(/\.$/);
    }
    const written = Object.fromEntries(variables.map((variable) => [variable.name, variable.default]));
    expect(loadConfig(written, '/srv')).toEqual(loadConfig({}, '/srv'));
  });
});
