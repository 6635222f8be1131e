import { nearest } from '../support/catalogue.js';

/** What papers and other programs call a key. The first of the names that is a key is meant. */
const others: Readonly<Record<string, readonly string[]>> = {
  lr: ['learningRate', 'optimizer.learningRate'],
  learningrate: ['learningRate', 'optimizer.learningRate'],
  wd: ['weightDecay', 'l2', 'optimizer.weightDecay'],
  weightdecay: ['weightDecay', 'l2', 'optimizer.weightDecay'],
  l2reg: ['l2', 'optimizer.l2'],
  bs: ['batchSize'],
  batch: ['batchSize'],
  eps: ['epsilon'],
  betas: ['beta1'],
  optim: ['optimizer'],
  opt: ['optimizer'],
  nepochs: ['epochs'],
  numepochs: ['epochs'],
  maxepochs: ['epochs'],
  patience: ['patience', 'earlyStopping.patience'],
  earlystop: ['earlyStopping'],
  hidden: ['levels'],
  hiddenunits: ['levels'],
  hiddensizes: ['levels'],
  layers: ['levels'],
  dnnhiddenunits: ['levels'],
  dropoutrate: ['dropout'],
  act: ['activation'],
  norm: ['normalization'],
  batchnorm: ['normalization'],
  nexperts: ['experts'],
  numexperts: ['experts'],
  emb: ['embedding'],
  embdim: ['embedding'],
  embeddim: ['embedding'],
  embeddingdim: ['embedding'],
  valid: ['validation'],
  val: ['validation'],
  type: ['loader'],
  form: ['from'],
};

/** The key that is meant by a word that is none: another name of it, or a near miss. */
export function meantKey(word: string, known: readonly string[]): string | undefined {
  const plain = word.toLowerCase().replaceAll(/[_-]/g, '');
  const names = (Object.hasOwn(others, plain) ? others[plain] : undefined) ?? [];
  return names.find((name) => known.includes(name.split('.')[0] ?? '')) ?? nearest(word, known);
}
