/**
 * State of a program (engine.ts) whose engine has nowhere to keep it: fed and handed out at each run, from and into memory that takes turns. Some
 * vectors cross so, instead of each adapter and each gradient, and what updates them runs where the step does.
 */
import { float32, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Program, Tensors } from './engine.ts';

/** `state` as in CompileOptions; all of it is float32. */
export function withFedState(program: Program, state: ReadonlyMap<string, string>): Program {
  let [kept, spare]: [Tensors, Tensors] = [{}, {}];
  return {
    async run(feeds, into = {}) {
      const results = await program.run({ ...feeds, ...kept }, { ...into, ...renamed(spare, state) });
      [kept, spare] = [spare, kept];
      return Object.fromEntries(Object.entries(results).filter(([name]) => ![...state.values()].includes(name)));
    },
    release: () => program.release(),
    state: {
      write(values) {
        const copies = (): Tensors =>
          Object.fromEntries([...state.keys()].map((name) => [name, copy(values[name] as Tensor<'float32'>)]));
        [kept, spare] = [copies(), copies()];
        return Promise.resolve();
      },
      read: () => Promise.resolve(kept),
    },
  };
}

function renamed(tensors: Tensors, names: ReadonlyMap<string, string>): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [names.get(name)!, tensor]));
}

function copy({ shape, data }: Tensor<'float32'>): Tensor<'float32'> {
  return float32(shape, data.slice(0, sizeOf(shape)));
}
