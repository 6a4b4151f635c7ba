/** Settings of `BertNormalizer` in `tokenizer.json`. */
export interface BertNormalizerSettings {
  clean_text?: boolean;
  handle_chinese_chars?: boolean;
  lowercase?: boolean;
  strip_accents?: boolean | null;
}

const UNSEEN = 0;
const KEEP = 1;
const DROP = 2;
const SPACE = 3;
const IDEOGRAPH = 4;

/** What each UTF-16 unit is, found out at first sight by the regular expressions that define it. */
const classes = new Uint8Array(0x10000);

/**
 * BERT's normalization, unit for unit as `@huggingface/tokenizers` does it: control characters dropped and white space
 * made plain, spaces around CJK ideographs (of the basic plane: the library looks at UTF-16 units), lower case, accents
 * stripped (unless set otherwise) by decomposition.
 */
export function normalizeBert(text: string, settings: BertNormalizerSettings): string {
  const clean = settings.clean_text === true;
  const chinese = settings.handle_chinese_chars === true;
  let out = '';
  // What is kept as it is gets copied in runs.
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    let width = 1;
    let kind = classes[unit];
    if ((unit & 0xf800) === 0xd800) {
      const point = text.codePointAt(i)!;
      width = point > 0xffff ? 2 : 1;
      kind = classify(String.fromCodePoint(point));
    } else if (kind === UNSEEN) {
      kind = classify(text[i]);
      classes[unit] = kind;
    }
    const changed = kind === IDEOGRAPH ? chinese : kind !== KEEP && clean;
    if (changed) {
      out += text.slice(run, i);
      if (kind === SPACE) out += ' ';
      else if (kind === IDEOGRAPH) out += ` ${text[i]} `;
      run = i + width;
    }
    i += width - 1;
  }
  out = run === 0 ? text : out + text.slice(run);
  if (settings.lowercase) out = out.toLowerCase();
  const strip = settings.lowercase ? settings.strip_accents !== false : settings.strip_accents === true;
  return strip ? out.normalize('NFD').replace(/\p{Mn}/gu, '') : out;
}

function classify(character: string): number {
  if (character === '\0' || character === '\ufffd') return DROP;
  if (!'\t\n\r'.includes(character) && /\p{Cc}|\p{Cf}|\p{Co}|\p{Cs}/u.test(character)) return DROP;
  if (/\s/.test(character)) return SPACE;
  return /[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff]/.test(character) ? IDEOGRAPH : KEEP;
}
