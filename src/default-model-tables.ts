/** Written by scripts/weights-settings.mjs, from weights/. */
// prettier-ignore
export const CONFIG = "{\"architectures\":[\"BertForTokenClassification\"],\"attention_probs_dropout_prob\":0.1,\"classifier_dropout\":null,\"hidden_act\":\"gelu\",\"hidden_dropout_prob\":0.1,\"hidden_size\":384,\"id2label\":{\"0\":\"O\",\"1\":\"B-PER\",\"2\":\"I-PER\",\"3\":\"B-ORG\",\"4\":\"I-ORG\",\"5\":\"B-LOC\",\"6\":\"I-LOC\",\"7\":\"B-MISC\",\"8\":\"I-MISC\"},\"initializer_range\":0.02,\"intermediate_size\":1536,\"label2id\":{\"B-LOC\":5,\"B-MISC\":7,\"B-ORG\":3,\"B-PER\":1,\"I-LOC\":6,\"I-MISC\":8,\"I-ORG\":4,\"I-PER\":2,\"O\":0},\"layer_norm_eps\":1e-12,\"max_position_embeddings\":512,\"model_type\":\"bert\",\"num_attention_heads\":12,\"num_hidden_layers\":6,\"pad_token_id\":0,\"transformers_version\":\"5.23.0\",\"type_vocab_size\":5,\"vocab_size\":30522,\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"format\":\"int-quantized\",\"quantization_status\":\"compressed\",\"config_groups\":{\"group_0\":{\"targets\":[\"Linear\",\"Embedding\"],\"weights\":{\"num_bits\":8,\"type\":\"int\",\"symmetric\":true,\"strategy\":\"channel\",\"dynamic\":false}}},\"ignore\":[\"classifier\",\"bert.embeddings.token_type_embeddings\"],\"dequantize\":true},\"bert_ner\":{\"decoding\":\"constrained\",\"o_bias\":0,\"temperature\":1.5}}"
// prettier-ignore
export const TOKENIZER_CONFIG = "{\"tokenizer_class\":\"BertTokenizer\",\"do_lower_case\":true,\"strip_accents\":null,\"tokenize_chinese_chars\":true,\"model_max_length\":512,\"token_type_rule\":\"word-case\",\"unk_token\":\"[UNK]\",\"sep_token\":\"[SEP]\",\"pad_token\":\"[PAD]\",\"cls_token\":\"[CLS]\",\"mask_token\":\"[MASK]\"}"
/** Bytes. */
export const MODEL_SIZE = 22_901_412
/** Bytes. */
export const VOCAB_SIZE = 231_508
