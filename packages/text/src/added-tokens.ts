import type { TokenizerConfig, TokenizerJson } from './tokenizer-files.js';

/**
 * Finds the added tokens (`[SEP]`, `<mask>`) that a text spells out: leftmost, longest first, before any normalization.
 */
export class AddedTokens {
  readonly ids: ReadonlyMap<string, number>;
  /** Whether lower-casing a text can make one of the tokens out of it. */
  readonly survivesLowerCase: boolean;
  readonly #pattern: RegExp | undefined;
  readonly #stripLeft = new Set<string>();
  readonly #stripRight = new Set<string>();

  private constructor({ added_tokens }: TokenizerJson) {
    this.ids = new Map(added_tokens.map(({ content, id }) => [content, id]));
    this.survivesLowerCase = added_tokens.some(({ content }) => content === content.toLowerCase());
    for (const { content, lstrip, rstrip } of added_tokens) {
      if (lstrip) this.#stripLeft.add(content);
      if (rstrip) this.#stripRight.add(content);
    }
    const contents = [...this.ids.keys()].filter((content) => content !== '').sort((a, b) => b.length - a.length);
    if (contents.length > 0) this.#pattern = new RegExp(contents.map(escapeRegExp).join('|'), 'g');
  }

  /** Undefined for files whose added tokens are matched after normalization, or that want the library's old switches. */
  static of(json: TokenizerJson, config: TokenizerConfig): AddedTokens | undefined {
    if (config.remove_space === true || config.do_lowercase_and_remove_accent === true) return undefined;
    const normalized = json.added_tokens.some((token) => token.normalized ?? !token.special);
    return normalized && json.normalizer !== null ? undefined : new AddedTokens(json);
  }

  /** Undefined for a text without any (the usual case), else its sections in order: ids of added tokens, and the rest. */
  split(text: string): (string | number)[] | undefined {
    const pattern = this.#pattern;
    if (pattern === undefined) return undefined;
    pattern.lastIndex = 0;
    let match = pattern.exec(text);
    if (match === null) return undefined;
    const sections: (string | number)[] = [];
    let start = 0;
    let strip = false;
    const rest = (end: number, stripEnd: boolean) => {
      if (end === start) return;
      let section = text.slice(start, end);
      if (strip) section = section.trimStart();
      sections.push(stripEnd ? section.trimEnd() : section);
    };
    for (; match !== null; match = pattern.exec(text)) {
      const content = match[0];
      rest(match.index, this.#stripLeft.has(content));
      sections.push(this.ids.get(content)!);
      start = match.index + content.length;
      strip = this.#stripRight.has(content);
    }
    rest(text.length, false);
    return sections;
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
