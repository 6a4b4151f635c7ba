/** Thrown by a rule for a use of its operator that it cannot differentiate. The driver adds node and opset. */
export class UnsupportedUse extends Error {}

/** Raised when a rule needs the rank of a value that only the running graph knows. */
export class UnknownRank extends Error {
  readonly value: string;

  constructor(value: string) {
    super(`the rank of "${value}" is not known before the graph runs`);
    this.value = value;
  }
}
