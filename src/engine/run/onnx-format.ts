import protobuf from 'protobufjs';

/** The part of the ONNX format that this program writes, with the field numbers of its public `onnx.proto`. */
const definitions = `
syntax = "proto2";
message ModelProto {
  optional int64 ir_version = 1; optional string producer_name = 2; optional string producer_version = 3;
  optional string doc_string = 6; optional GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message StringStringEntryProto { optional string key = 1; optional string value = 2; }
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message GraphProto {
  repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated AttributeProto attribute = 5; optional string domain = 7;
}
message AttributeProto {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4;
  optional GraphProto g = 6; repeated int64 ints = 8; repeated bytes strings = 9; optional int32 type = 20;
}
message TensorProto {
  repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9;
  repeated StringStringEntryProto external_data = 13; optional int32 data_location = 14;
}
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; optional string doc_string = 3; }
message TypeProto { optional TensorTypeProto tensor_type = 1; }
message TensorTypeProto { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
message TensorShapeProto { repeated DimensionProto dim = 1; }
message DimensionProto { optional int64 dim_value = 1; optional string dim_param = 2; }
`;

/** Codes of the element types. */
export const elementCodes = { float32: 1, int32: 6, int64: 7, string: 8, bool: 9, float64: 11 } as const;

/** Codes of the attribute types. */
const attributeCodes = { float: 1, int: 2, string: 3, graph: 5, ints: 7, strings: 8 } as const;

export interface GraphProto {
  readonly name: string;
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
}

export interface NodeProto {
  readonly op_type: string;
  readonly domain?: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly g?: GraphProto;
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
}

export interface TensorProto {
  readonly name: string;
  readonly data_type: number;
  readonly dims: readonly number[];
  readonly raw_data?: Uint8Array | undefined;
  /** Where the bytes are, if not in `raw_data`: in a file beside that of the model. */
  readonly external_data?: readonly { readonly key: string; readonly value: string }[];
  readonly data_location?: number;
}

/** Smaller constants stay in the model: they may be shapes, which are read before the constants of another file. */
const smallConstant = 1024;

/** Constants whose bytes are in a file beside the model's, one after the other, and that file. */
export function externalData(constants: readonly TensorProto[], location: string) {
  const data: Uint8Array[] = [];
  let offset = 0;
  const initializer = constants.map(({ raw_data, ...constant }): TensorProto => {
    if (!raw_data || raw_data.length < smallConstant) return { ...constant, raw_data };
    const pointer = { location, offset: String(offset), length: String(raw_data.length) };
    data.push(raw_data);
    offset += raw_data.length;
    const external_data = Object.entries(pointer).map(([key, value]) => ({ key, value }));
    return { ...constant, external_data, data_location: 1 };
  });
  return { initializer, data };
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensor_type: { readonly elem_type: number; readonly shape: { readonly dim: readonly DimensionProto[] } };
  };
  readonly doc_string?: string | undefined;
}

type DimensionProto = { readonly dim_value: number } | { readonly dim_param: string };

/** A model's metadata, and its operators outside the standard ones, by domain. */
export interface ModelAbout {
  readonly domains: Readonly<Record<string, number>>;
  readonly version?: string;
  readonly text?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A model with operator set 18. @param about left out: no metadata, and ONNX Runtime's own operators are allowed */
export function encodeModel(
  graph: GraphProto,
  { domains, version, text, metadata = {} }: ModelAbout = { domains: { 'com.microsoft': 1 } },
): Uint8Array {
  const type = protobuf.parse(definitions, { keepCase: true }).root.lookupType('ModelProto');
  const model = {
    ir_version: 8,
    producer_name: 'ple',
    producer_version: version,
    doc_string: text,
    opset_import: Object.entries({ '': 18, ...domains }).map(([domain, version]) => ({ domain, version })),
    graph,
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
  return type.encode(type.fromObject(model)).finish();
}

/** @param shape A side that is a name is unknown before the run. */
export function valueInfo(
  name: string,
  type: keyof typeof elementCodes,
  shape: readonly (number | string)[],
  doc?: string,
): ValueInfoProto {
  const dim = shape.map((side) => (typeof side === 'number' ? { dim_value: side } : { dim_param: side }));
  return {
    name,
    type: { tensor_type: { elem_type: elementCodes[type], shape: { dim } } },
    doc_string: doc,
  };
}

export function graphAttribute(name: string, g: GraphProto): AttributeProto {
  return { name, type: attributeCodes.graph, g };
}

export function intAttribute(name: string, i: number): AttributeProto {
  return { name, type: attributeCodes.int, i };
}

export function intsAttribute(name: string, ints: readonly number[]): AttributeProto {
  return { name, type: attributeCodes.ints, ints };
}

export function stringsAttribute(name: string, texts: readonly string[]): AttributeProto {
  return { name, type: attributeCodes.strings, strings: texts.map((text) => Buffer.from(text)) };
}

export function floatAttribute(name: string, f: number): AttributeProto {
  return { name, type: attributeCodes.float, f };
}

export function stringAttribute(name: string, value: string): AttributeProto {
  return { name, type: attributeCodes.string, s: Buffer.from(value) };
}
