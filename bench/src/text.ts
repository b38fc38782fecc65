/** Text for measurements, written for this file (CC0), and texts of given lengths made from it. */
import { streamLengths } from './lengths.ts'

const SENTENCES = [
  'Anna Kowalska moved from Gdańsk to Lisbon in March 2019, and opened a small bakery near the river.',
  'The council of Bristol rejected the plan by 41 votes to 17, although Mayor Rhodes had called it "long overdue".',
  'Our flight to Nairobi was late again; Kenya Airways paid for a hotel, two meals and a taxi.',
  "I don't think that Dr. Okafor's paper on coral reefs has been read by anyone at the ministry.",
  'Shares of Nordwind AG fell 3.4% on Tuesday after the company said it would close its plant in Rostock.',
  'ok so @lena_m says the concert in Kraków is off?? refunds via https://tickets.example/help until 5pm',
  'Professor Tanaka of Kyoto University compared 1,204 samples with those that were collected in Peru in 1998.',
  'SPORTS: WANDERERS BEAT UNITED 2-1 IN EXTRA TIME, COACH DELGADO PRAISES GOALKEEPER',
  'Nobody expected the Dutch team to win the relay, least of all the team itself.',
  'In the spring the brothers Haruki and Sota walked from Nagano to the sea, a hundred and ninety kilometres.',
  'Please send the invoice to Marta Lindqvist, Storgatan 12, Uppsala, before the end of the month.',
  'Das Café an der Straße nach Zürich gehört seit 1952 der Familie Brändli.',
  'The court in The Hague heard the case of Mensah v. Ghana Shipping Co. for the third time this year.',
  'Rain is expected in the west, with winds of up to 70 km/h along the coast of Galicia.',
  'Unbelievably, the antidisestablishmentarianism debate resurfaced on Radio Free Murmansk at 04:30.',
  '北京 and 東京 agreed on Friday to share earthquake data — a first, according to the Asahi newspaper.',
] as const

/** Makes at least `bytes` bytes of UTF-8, one sentence a line. A running number makes all lines different. */
export function corpus(bytes: number): string {
  const lines: string[] = []
  for (let size = 0, i = 0; size < bytes; i++) {
    const line = `${i}: ${SENTENCES[(i * 7) % SENTENCES.length] ?? ''} ${SENTENCES[(i * 5 + 3) % SENTENCES.length] ?? ''}`
    lines.push(line)
    size += Buffer.byteLength(line) + 1
  }
  return lines.join('\n')
}

/** Makes `count` texts whose lengths in words follow real sentences (1.25 tokens a word, and two special ones). */
export function texts(count: number): string[] {
  const words = SENTENCES.join(' ').split(' ')
  let at = 0
  return streamLengths(count).map(length => {
    const size = Math.max(1, Math.round((length - 2) / 1.5))
    const text = Array.from({ length: size }, (_, i) => words[(at + i) % words.length]).join(' ')
    at += size
    return text
  })
}

/** A text of 21 words, about as long as the average sentence of the news. */
export const ONE_TEXT =
  'Yesterday Anna Kowalska of the Nordwind Foundation told reporters in Lisbon that the talks with Kenya Airways would go on until Friday.'
