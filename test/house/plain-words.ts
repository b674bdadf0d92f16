/** Words and turns of phrase that were replaced by plainer ones, and what to say in their place. */

export interface PlainWord {
  readonly not: RegExp
  readonly say: string
}

/** By itself, in the plural, and as a part of a name (`rowWishes`): in every source. */
export const replacedNames: Readonly<Record<string, string>> = {
  wish: 'change, request or order',
  sickness: 'failureReason',
  inquest: 'exitStatus',
  tiding: 'event',
  surroundings: 'context',
  anew: 'again',
  whence: 'where it comes from',
}

/** In whatever people read: messages, help texts, pages and MIB modules. */
export const replacedWords: readonly PlainWord[] = [
  { not: /\b(?:is|are) due\b/i, say: 'expected ...' },
  { not: /\b(?:is|are) to be\b/i, say: 'must be X, got Y' },
  { not: /\b(?:is|are) to come\b/i, say: 'is not implemented yet' },
  { not: /\bis no home\b/i, say: 'is not initialised; run: castellan init' },
  { not: /\bno \w+ that is known here\b|\bnot known here\b/i, say: 'unknown ...' },
  { not: /\b(?:user \S+|trigger|schedule|device) is made\b/i, say: 'created ...' },
  { not: /\bproved:/i, say: 'verified: ...' },
  { not: /\bwhat is wanted and what is so\b/i, say: 'wanted and actual state' },
  { not: /\b(?:and|from) whence\b|\bwhence\b/i, say: 'from where' },
  { not: /\ba promise (?:was left alone|that nobody waits for)\b/i, say: 'unhandled rejection' },
  { not: /\btrouble with\b/i, say: 'cannot ...: the reason' },
  { not: /\b(?:un)?told\b/i, say: 'notified, reported or pending' },
  { not: /\btidings?\b/i, say: 'event' },
  { not: /\banew\b/i, say: 'again' },
  { not: /\bwhoever\b/i, say: 'the subject: the user, the client' },
  { not: /\bthe ancestor\b/i, say: 'Cisco SIP Proxy Server 2.2, CIAgent or DRS' },
  { not: /\bkeepers?\b/i, say: 'starter, supervisor or agent' },
  { not: /\btwo \w+ are one too many\b/i, say: 'only one ... is allowed' },
]

/** In messages and help texts as well, where sentences are short and read at three in the morning. */
export const replacedInMessages: readonly PlainWord[] = [
  ...replacedWords,
  { not: /(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b)/i, say: 'is not a ...' },
  { not: /\bis there already\b/i, say: 'duplicate ...; the first is in line N' },
  { not: /\b(?:is|are) not there\b/i, say: 'does not exist' },
  { not: /\bcame to nothing\b/i, say: 'failed' },
  { not: /\bgoes on\b|\bgo on\b/i, say: 'continues, keeps running' },
  { not: /\bgoes alone\b/i, say: 'must be the only one' },
  { not: /\bnot of the grammar\b/i, say: 'malformed' },
  { not: /\bhas no place\b/i, say: 'is not allowed' },
  { not: /\bwritten down\b/i, say: 'saved' },
  { not: /\bsays why\b/i, say: 'see ...' },
]
