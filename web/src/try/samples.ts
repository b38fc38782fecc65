/** Texts to begin with, written for this page. */
export const SAMPLES: readonly (readonly [name: string, text: string])[] = [
  [
    'News',
    'Angela Merkel met Tim Cook at Apple\'s office in Berlin on Tuesday. "We talked about Europe," the former chancellor told Reuters.\n\nThe Dutch company ASML, whose machines are sold to TSMC in Taiwan, opened a laboratory in Eindhoven.',
  ],
  [
    'Mail',
    'Hi Priya,\n\nthe samples from Novo Nordisk arrived at Heathrow this morning. Could you ask Tomás whether DHL can bring them to Leeds before Friday? The CFO would like to see the invoice first.\n\nThanks,\nHannah Okafor\nBrightwell Partners, Manchester',
  ],
  [
    'Chat',
    'omg just landed in lisbon, anyone up for dinner? maria says the place near rossio is great. flying back with easyjet on sunday, netflix till then lol',
  ],
  [
    'Novel',
    '"You have been to Kyoto, Mr. Farrow," said Lady Ashcombe, and put down her cup.\n\nEdmund Farrow looked out at the Thames. He had been to Kyoto, and to Lima, and had left both in a hurry.',
  ],
]
