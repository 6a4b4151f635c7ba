import { readFileSync } from 'node:fs';

/**
 * The most memory that this process has had resident so far, bytes. Linux keeps it as VmHWM, of this program alone; `maxRSS`, where
 * there is no such file, may also remember the process that this one was forked from.
 */
export function peakRssBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // No Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
