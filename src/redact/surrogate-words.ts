/**
 * Words of surrogates, by type. Names of two words and more end in a `last` word and have none before it; names of one word
 * are a `single`. The lists share no word, so that two surrogates side by side never read as a third.
 */
export interface WordList {
  readonly first: readonly string[]
  readonly last: readonly string[]
  readonly single: readonly string[]
}

const words = (text: string): string[] => text.trim().split(/\s+/)

export const PEOPLE: WordList = {
  first:
    words(`Alma Bruno Clara Dario Edith Felix Greta Hugo Ingrid Jonas Karin Leon Mira Nils Olga Pablo Quinn Rosa Silas
    Thea Ulrich Vera Wanda Xenia Yann Zelda Anton Birgit Cedric Doris Emil Flora`),
  last: words(`Abbott Bauer Castell Dorn Eklund Fontaine Garland Hollis Ivers Jansen Kessler Lindqvist Marlow Novak Osborne
    Pruitt Quintero Rossi Sandoval Thornton Ullman Varga Whitlock Xanders Yardley Zeller Ashby Bellamy Corwin Delgado Emery
    Fairbanks`),
  single: words(`Albrecht Brandt Crane Dufour Engel Farrow Gerhardt Harding Irving Jarvis Keating Lambert Mercer Nyberg
    Orlov Palmer Quimby Reeves Sawyer Tanner Underhill Voss Wexler Yates Zimmer Archer Becker Conrad Dalton Ellis Frost
    Graves`),
}

export const PLACES: WordList = {
  first: words('North South East West Upper Lower Port Fort Mount Lake Old New Great Little Saint Glen'),
  last: words(`Alder Birchwood Cedarville Dunmore Elmhurst Fairhaven Greystone Hawthorne Ironbridge Juniper Kingsford
    Larkspur Maplewood Northwick Oakmont Pinecrest`),
  single: words(`Aldenport Brackwater Coldbrook Darnell Eastmere Ferndale Grenholm Hartwick Islemont Kelstead Lorwick
    Millbrook Norvale Oldbury Penrose Ravenford Selmouth Tillingham Westbrook Yarrowby Ashmere Bexford Calderon Drayhurst
    Eskdale Fallowfield Gainsby Holmwood Inverlea Kirkholm Langmere Merrowby`),
}

export const ORGANISATIONS: WordList = {
  first:
    words(`Apex Beacon Cobalt Delta Ember Falcon Granite Harbor Indigo Jasper Keystone Lumen Meridian Nimbus Orchard
    Pioneer`),
  last: words('Group Holdings Industries Partners Systems Works Labs Union Institute Society Trust Council'),
  single:
    words(`Arvanta Boreal Cindel Dovetek Elvaro Fenwick Galvion Helmora Invexa Jorvik Kalydon Lorvex Mavenor Nordane
    Ostrava Pellucid Quorvo Rivanta Solvane Tamerix Umbrix Velora Wyndham Xeltor Yorvane Zenithal Altona Brivex Corvane
    Delvanta Everon Fornax`),
}

export const OTHERS: WordList = {
  first: words('Autumn Bright Crimson Distant Early Final Golden Hidden Inner Jade Lasting Modern'),
  last: words('Anthem Bridge Chronicle Dawn Echo Festival Games Horizon Journey Lantern Mosaic Voyage'),
  single:
    words(`Aurelian Baltor Cresmont Davorian Elysian Faroan Galician Hestian Istran Jutish Karelian Lorian Morvan Nerian
    Ostrian Pavian Quentin Rhodan Savoyan Tavrian Umbrian Vestian Walden Zephyrian`),
}
