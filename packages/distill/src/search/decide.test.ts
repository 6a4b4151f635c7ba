import type { TrialResult } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { nextTrials, secondsLeft } from './decide.js';
import { planSearch, type SearchPlan, type TrialKey, trialCount } from './search-plan.js';
import { select } from './select.js';

const space = { '/loss/temperature': { min: 1, max: 8 } };
const planOf = (sweep: object): SearchPlan => planSearch(resolveSpec({ sweep: { space, ...sweep } }))!;

/** What a trial of a made-up task gives: the same for the same trial. */
function outcome({ index, rung }: TrialKey, { fails = false, seconds = 1 } = {}): TrialResult {
  if (fails) return { index, rung, seconds, error: 'diverged' };
  const value = ((index * 7919 + rung * 104_729) % 97) / 97;
  return { index, rung, seconds, measured: { ...FIGURES, value } };
}
const FIGURES = { rows: 100, loss: 0.1, epochs: 3, bytes: 1000, latencyMs: 1, speedup: 10 };

/** Does what is next until there is nothing; `order` picks which of the trials at hand ends first. */
function play(plan: SearchPlan, fails: (key: TrialKey) => boolean, order: (open: TrialKey[]) => TrialKey, seconds = 1) {
  let results: TrialResult[] = [];
  for (let open = nextTrials(plan, results); open.length > 0; open = nextTrials(plan, results)) {
    const key = order(open);
    results = [...results, outcome(key, { fails: fails(key), seconds })];
    if (results.length > trialCount(plan)) throw new Error('The search does not end.');
  }
  return results;
}

const search = fc.record({
  trials: fc.integer({ min: 2, max: 30 }),
  eta: fc.integer({ min: 2, max: 4 }),
  firstShare: fc.constantFrom(0.05, 0.2, 1),
  seed: fc.nat(),
});

describe('nextTrials', () => {
  it('decides by the results alone: order and restarts change nothing', () => {
    fc.assert(
      fc.property(search, fc.infiniteStream(fc.nat()), fc.nat(5), (sweep, picks, unlucky) => {
        const plan = planOf(sweep);
        const fails = ({ index, rung }: TrialKey) => (index + rung) % 7 === unlucky;
        const inOrder = play(plan, fails, ([first]) => first!);
        const anyOrder = play(plan, fails, (open) => open[picks.next().value! % open.length]!);
        const sorted = (results: TrialResult[]) => results.toSorted((a, b) => a.rung - b.rung || a.index - b.index);
        expect(sorted(anyOrder)).toEqual(sorted(inOrder));
        if (inOrder.some(({ measured }) => measured)) expect(select(plan, anyOrder)).toEqual(select(plan, inOrder));
      }),
      { numRuns: 12 },
    );
  });

  it('promotes the best of a rung, never one that failed or one that was not in it', () => {
    fc.assert(
      fc.property(search, fc.nat(6), (sweep, unlucky) => {
        const plan = planOf(sweep);
        const results = play(
          plan,
          ({ index }) => index % 7 === unlucky,
          ([first]) => first!,
        );
        for (const rung of plan.rungs.keys()) {
          const now = results.filter((result) => result.rung === rung);
          expect(now.length).toBeLessThanOrEqual(plan.rungs[rung]!.trials);
          expect(new Set(now.map(({ index }) => index)).size).toBe(now.length);
          const before = results.filter((result) => result.rung === rung - 1);
          const promoted = before.filter(({ index }) => now.some((result) => result.index === index));
          const passed = before.filter((result) => !promoted.includes(result));
          if (now.length === 0 || rung === 0) continue;
          expect(promoted).toHaveLength(now.length);
          const least = Math.min(...promoted.map(({ measured }) => measured!.value));
          for (const { measured } of passed) expect(measured?.value ?? 0).toBeLessThanOrEqual(least);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('stops when the minutes are used up, but not before something was measured', () => {
    const plan = planOf({ trials: 10, minutes: 1 });
    const results = play(
      plan,
      () => false,
      ([first]) => first!,
      25,
    );
    expect(results).toHaveLength(3); // 75 seconds: the third was begun within the 60.
    const failing = play(
      plan,
      ({ index }) => index < 5,
      ([first]) => first!,
      25,
    );
    expect(failing).toHaveLength(6);
    expect(select(plan, failing).selection).toMatchObject({ trials: 6, failed: 5 });
    expect(secondsLeft(plan, results.slice(0, 2))).toBe(10);
    expect(secondsLeft(plan, [])).toBeUndefined();
  });

  it('says why nothing can be chosen where every trial diverged', () => {
    const plan = planOf({ trials: 4 });
    const results = play(
      plan,
      () => true,
      ([first]) => first!,
    );
    expect(results).toHaveLength(4);
    expect(() => select(plan, results)).toThrow(/No trial .* diverged/);
  });
});

describe('choosing a student', () => {
  const auto = (budget: object): SearchPlan => planSearch(resolveSpec({ student: { family: 'auto', budget } }))!;
  /** Candidates of accuracy, milliseconds and bytes, on 400 rows: one standard error of 90% is 1.5%. */
  const results = (...figures: [value: number, latencyMs: number, bytes: number][]): TrialResult[] =>
    figures.map(([value, latencyMs, bytes], index) => {
      const measured = { ...FIGURES, rows: 400, value, latencyMs, bytes, speedup: 10 / latencyMs };
      return { index, rung: 1, seconds: 1, measured };
    });
  const three = results([0.85, 0.1, 1e6], [0.9, 0.5, 4e6], [0.95, 2, 2e7]);

  it('takes the most accurate within the budget', () => {
    expect(select(auto({ latencyMs: 1 }), three).selection).toMatchObject({
      chosen: { index: 1 },
      reason: expect.stringMatching(/best accuracy of the candidates within the budget \(1.00 ms\): 90.0% on 400/),
    });
    expect(select(auto({}), three).selection.chosen.index).toBe(2);
    expect(select(auto({ bytes: 2e6, latencyMs: 1 }), three).selection.chosen.index).toBe(0);
  });

  it('takes the fastest of those that are as good within the standard error', () => {
    const close = results([0.89, 0.1, 1e6], [0.9, 0.5, 4e6], [0.88, 0.05, 1e6]);
    const { selection } = select(auto({}), close);
    expect(selection.chosen.index).toBe(0);
    expect(selection.reason).toMatch(/fastest .* 89.0%, is within one standard error \(1.5%\) of the best, 90.0%/);
  });

  it('says so where nothing meets the budget, and takes the closest', () => {
    const { selection } = select(auto({ latencyMs: 0.05, bytes: 3e6 }), three);
    expect(selection).toMatchObject({
      chosen: { index: 0 },
      reason: expect.stringMatching(/^No candidate meets the budget \(0.050 ms, 3.00 MB\)\. .* 2.00 times/),
    });
  });

  it('shows the front, the fastest first, without those that another beats at everything', () => {
    const beaten = results([0.85, 0.1, 1e6], [0.9, 0.5, 4e6], [0.84, 0.2, 2e6]);
    expect(select(auto({}), beaten).selection.front.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('compares latencies by the teacher that each was timed beside', () => {
    // The second was measured while the machine was ten times as slow, its teacher too.
    const [fast, slow] = results([0.9, 0.2, 1e6], [0.9, 1, 1e6]) as [TrialResult, TrialResult];
    slow.measured!.speedup = 100;
    expect(select(auto({}), [fast, slow]).selection.chosen.index).toBe(1);
  });

  it('lets those within the budget go on first', () => {
    const plan = auto({ latencyMs: 1 });
    const first = plan.candidates.map(({ index }): TrialResult => {
      const latencyMs = index < 4 ? 0.5 : 5;
      const value = index / 10;
      return {
        index,
        rung: 0,
        seconds: 1,
        measured: { ...FIGURES, value, latencyMs, bytes: 1e6, speedup: 10 / latencyMs },
      };
    });
    expect(
      nextTrials(plan, first)
        .map(({ index }) => index)
        .sort(),
    ).toEqual([0, 1, 2, 3]);
  });
});
