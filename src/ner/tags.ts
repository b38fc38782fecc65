/**
 * Reads each label's type, and whether it begins or ends an entity. A model's labels are read in one of two ways:
 *
 *   as transformers reads them: `B-X` begins an entity of type X, `I-X` continues one, and any other label, `O` too, is
 *     a type of its own that continues itself.
 *   BIOES, or the same in other letters (BILOU, BMES, BMEWO): `S-X` (U, W) is an entity of one token, `E-X` (L) the last token of
 *     a longer one, `M-X` continues it. transformers does not know these and would give each of them a group of its own.
 *
 * The second reading applies if all prefixes are of one such scheme, and some type has both `B-` and a prefix that plain BIO
 * lacks. Labels without a prefix do not prevent it: `O`, or the `[PAD]`, `X` and `[CLS]` of some models.
 */

export interface Tag {
  /** Never merged with what stands before it. */
  readonly begins: boolean
  /** Never merged with what comes after it. */
  readonly ends: boolean
  /** Neighbours with the same type are merged. */
  readonly type: string
  /** The name of a group that begins with this label. */
  readonly group: string
}

/** The tag of each label, by label id. */
export function readTags(labels: readonly string[]): Tag[] {
  const scheme = ['BIES', 'BILU', 'BMES', 'BMEW'].find(prefixes => isScheme(labels, prefixes))
  return labels.map(label => (scheme !== undefined && isPrefixed(label) ? schemeTag(label) : plainTag(label)))
}

function schemeTag(label: string): Tag {
  const prefix = label.charAt(0)
  const type = label.slice(2)
  return { begins: 'BSUW'.includes(prefix), ends: 'ESLUW'.includes(prefix), type, group: type }
}

/** Reads a plain label. QUIRK: `S-PER` has the type `S-PER` but the group name `PER`, since groups drop any prefix. */
function plainTag(label: string): Tag {
  const prefixed = label.startsWith('B-') || label.startsWith('I-')
  return {
    begins: label.startsWith('B-'),
    ends: false,
    type: prefixed ? label.slice(2) : label,
    group: label.slice(label.indexOf('-') + 1),
  }
}

/** Whether all prefixes belong to one scheme. `prefixes`: `B`, the letter that continues, and the two letters for ends. */
function isScheme(labels: readonly string[], prefixes: string): boolean {
  const tagged = labels.filter(isPrefixed)
  const known = new Set(tagged)
  const isOwn = (label: string) => !'BI'.includes(label.charAt(0)) && known.has(`B-${label.slice(2)}`)
  return tagged.some(isOwn) && tagged.every(label => prefixes.includes(label.charAt(0)))
}

/** Whether a label looks like `B-PER`: a letter of some scheme, a hyphen, a type. */
function isPrefixed(label: string): boolean {
  return 'BIESLUMW'.includes(label.charAt(0)) && label.charAt(1) === '-' && label.length > 2
}
