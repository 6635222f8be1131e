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

/**
 * The key that is meant by a word that is none: another name of it, its name without what it lies in, or a near miss.
 * @param below The path of a key of this name in one of the known keys.
 */
export function meantKey(
  word: string,
  known: readonly string[],
  below: (name: string) => string | undefined = () => undefined,
): string | undefined {
  const plain = word.toLowerCase().replaceAll(/[_-]/g, '');
  const names = (Object.hasOwn(others, plain) ? others[plain] : undefined) ?? [];
  const own = names.find((name) => known.includes(name.split('.')[0] ?? ''));
  return own ?? below(word) ?? nearest(word, known) ?? names.map(below).find((path) => path !== undefined);
}
