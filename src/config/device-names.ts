/** The values of `engine.device`. This file imports nothing: the help of commands lists them. */
export const deviceNames = ['auto', 'cpu', 'cuda', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];
