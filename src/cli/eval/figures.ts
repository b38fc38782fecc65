/** Numbers as a report prints them. */

/** With a comma at each thousand. */
export function amount(n: number): string {
  return Math.round(n).toLocaleString('en')
}

/** `1 word`, `2 words` */
export function many(n: number, what: string): string {
  return `${amount(n)} ${what}${n === 1 ? '' : 's'}`
}

export function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (1000 * count) / milliseconds : 0
}
