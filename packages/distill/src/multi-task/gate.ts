import type { Gate, MultiTaskSpec, StudentMetrics } from '@retort/contracts';

/** Holds what was measured of a task against what the spec wants of it; nothing is wanted unless it is named. */
export function gateOf(
  { minAccuracy = 0, minAgreement = 0 }: Partial<MultiTaskSpec['multiTask']['tasks'][string]>,
  { accuracy, agreement }: Pick<StudentMetrics['student'], 'accuracy' | 'agreement'>,
): Gate {
  const wanted: Gate['failures'] = [
    { measure: 'accuracy', least: minAccuracy, got: accuracy },
    { measure: 'agreement', least: minAgreement, got: agreement },
  ];
  const failures = wanted.filter(({ least, got }) => !(got >= least));
  return { passed: failures.length === 0, failures };
}
