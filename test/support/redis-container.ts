import { spawnSync } from 'node:child_process';

export interface RedisContainer {
  url: string;
  stop(): Promise<void>;
}

/** Redis 7 in a container where Docker answers and has (or gets) the image; undefined elsewhere. */
export async function startRedisContainer(): Promise<RedisContainer | undefined> {
  if (spawnSync('docker', ['version'], { stdio: 'ignore', timeout: 5_000 }).status !== 0) return undefined;
  try {
    const { GenericContainer } = await import('testcontainers');
    const container = await new GenericContainer('redis:7-alpine')
      .withCommand(['redis-server', '--maxmemory-policy', 'noeviction'])
      .withExposedPorts(6379)
      .withStartupTimeout(60_000)
      .start();
    return {
      url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
      stop: async () => void (await container.stop()),
    };
  } catch {
    return undefined; // For example no image and no network: a redis-server on PATH does as well.
  }
}
