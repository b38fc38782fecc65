/** A zip file of one folder. Texts are latin-1. */
export declare function zip(entries: Readonly<Record<string, Uint8Array | string>>): Uint8Array
