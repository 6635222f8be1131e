import { findRawFile, type RawFile } from '../fetch/raw-file.js';

/** The four files as published. */
export interface RawFiles {
  readonly common: { readonly train: RawFile; readonly test: RawFile };
  readonly skeleton: { readonly train: RawFile; readonly test: RawFile };
}

const whereToGetIt = 'Get it from https://tianchi.aliyun.com/dataset/408 (see datasets/ali-ccp.md).';

export async function findRawFiles(folder: string): Promise<RawFiles> {
  const find = (name: string) => findRawFile(folder, `${name}.csv`, whereToGetIt);
  return {
    common: { train: await find('common_features_train'), test: await find('common_features_test') },
    skeleton: { train: await find('sample_skeleton_train'), test: await find('sample_skeleton_test') },
  };
}
