import { dataPaths } from '../../config/definitions.js';
import { type Experiment, stringifyExperiment } from '../../config/experiment.js';
import { features } from '../../data/encode/project.js';
import { usualMissing } from '../../data/table/table-options.js';
import { encodeModel, intAttribute } from '../../engine/run/onnx-format.js';
import { models } from '../../models/catalogue.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { counted } from '../../support/whole-number.js';
import { definitions } from '../../training/definitions.js';
import { programVersion } from '../../training/folder/environment.js';
import { modelShape } from '../../training/setup.js';
import { storedSets, type TrainedModel } from '../trained-run.js';
import { columnInputs, columnNodes, inputInfo } from './column-nodes.js';
import { modelNodes } from './model-nodes.js';
import { OnnxNodes } from './onnx-nodes.js';
import { taskNodes, taskOutputs } from './task-nodes.js';

/** Upper limit of a file: the format allows less than 2 GiB. */
const mostBytes = 2 ** 31 - 2 ** 26;

/**
 * A run as one ONNX file that takes columns of a table and gives predictions: operator set 18 of ONNX and 2 of ONNX-ML.
 * @throws UserError for a run that the format cannot hold.
 */
export function onnxFile(run: TrainedModel): Uint8Array {
  const { experiment, encoding, result } = run;
  const dataset = features(encoding, experiment.inputs);
  const model = models.get(experiment.model.type).build(modelShape(dataset), experiment.model);
  const sets = storedSets(model, run);
  const arrays = sets.flatMap(({ parameters }) => Object.values(parameters));
  const bytes = arrays.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes > mostBytes)
    throw new UserError(
      `${run.path}: its ${counted(sets.length, 'set')} of parameters have ${bytes} bytes, and an ONNX file less than 2 GiB: --format safetensors.`,
    );
  const inputs = columnInputs(encoding);
  const [input, output] = [inputs.map(inputInfo), taskOutputs(dataset.tasks)];
  const names = [...input, ...output].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new UserError(
      `${run.path}: two inputs or outputs of the file would be called '${twice}': rename that column.`,
    );
  const nodes = new OnnxNodes(names);
  const rows = nodes.add('Shape', [must(names[0], 'an input')], [intAttribute('start', 0), intAttribute('end', 1)]);
  const modelInputs = { ...columnNodes(nodes, encoding), rows };
  const ofSets = sets.map(({ tasks, parameters }) => {
    const prefix = sets.length > 1 ? `${tasks.join('+')}/` : '';
    return { tasks, logits: modelNodes(nodes, model, parameters, dataset, modelInputs, prefix) };
  });
  taskNodes(nodes, dataset.tasks, ofSets);
  const { node, initializer } = nodes;
  return encodeModel(
    { name: experiment.name, node, initializer, input, output },
    {
      domains: { 'ai.onnx.ml': 2 },
      version: programVersion(),
      text: `${experiment.model.type} for the tasks ${dataset.tasks.map(({ name }) => name).join(', ')}`,
      metadata: {
        config: stringifyExperiment(passedOn(experiment)),
        checksum: result.dataset.checksum,
        metrics: JSON.stringify(
          Object.fromEntries(Object.entries(result.tasks).map(([name, { test }]) => [name, test])),
        ),
        classes: JSON.stringify(
          Object.fromEntries(dataset.tasks.flatMap(({ name, classes }) => (classes ? [[name, classes]] : []))),
        ),
        missing: JSON.stringify(encoding.texts?.missing ?? usualMissing),
        exact: JSON.stringify(encoding.texts?.exact ?? false),
        columns: JSON.stringify(inputs),
      },
    },
  );
}

/** Removes paths of data and plugins, and servers, from an experiment: the file may be passed on. */
function passedOn({ tracking: _tracking, plugins, ...experiment }: Experiment): object {
  const paths = dataPaths({ ...experiment, plugins }, definitions);
  const { loader, ...options } = experiment.dataset;
  const kept = Object.fromEntries(Object.entries(options).filter(([key]) => !paths.includes(key)));
  const code = plugins && { plugins: plugins.map(({ sha256, parts }) => ({ sha256, parts })) };
  return { ...experiment, dataset: { loader, ...kept }, ...code };
}
