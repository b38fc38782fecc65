/** Whether what takes longer is asked for, by BERT_NER_SLOW=1: more of the same kind. Each test is run in both cases. */
export const isSlow = process.env.BERT_NER_SLOW !== undefined
