/* Models that run in the page: the graphs that wmcourse/interactive/page_model.py makes, interpreted.
   `WM.model(payload)` gives functions of named arrays: model.run("imagine", {deter, stoch, action, temperature, normal0}).
   All numbers are 32-bit floats, as in PyTorch. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  WM.models = WM.models || {};

  const size = (shape) => shape.reduce((product, length) => product * length, 1);

  const unary = {
    abs: Math.abs, cos: Math.cos, exp: Math.exp, floor: Math.floor, log: Math.log, log1p: Math.log1p, sign: Math.sign,
    sin: Math.sin, sqrt: Math.sqrt, tanh: Math.tanh, trunc: Math.trunc,
    logical_not: (x) => +!x,
    rsqrt: (x) => 1 / Math.sqrt(x),
    neg: (x) => -x,
    reciprocal: (x) => 1 / x,
    relu: (x) => (x < 0 ? 0 : x),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    elu: (x) => (x > 0 ? x : Math.expm1(x)),
  };
  const binary = {
    add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, div: (x, y) => x / y,
    eq: (x, y) => +(x === y), ne: (x, y) => +(x !== y),
    ge: (x, y) => +(x >= y), gt: (x, y) => +(x > y), le: (x, y) => +(x <= y), lt: (x, y) => +(x < y),
    maximum: Math.max, minimum: Math.min, pow: Math.pow,
    logical_and: (x, y) => +(x && y ? 1 : 0), logical_or: (x, y) => +(x || y ? 1 : 0),
  };
  const rows = {  // of one row of numbers, in place or to one number
    softmax(x, out, from, length) {
      let most = -Infinity, sum = 0;
      for (let i = from; i < from + length; i++) most = Math.max(most, x[i]);
      for (let i = from; i < from + length; i++) sum += out[i] = Math.exp(x[i] - most);
      for (let i = from; i < from + length; i++) out[i] /= sum;
    },
    log_softmax(x, out, from, length) {
      let most = -Infinity, sum = 0;
      for (let i = from; i < from + length; i++) most = Math.max(most, x[i]);
      for (let i = from; i < from + length; i++) sum += Math.exp(x[i] - most);
      for (let i = from; i < from + length; i++) out[i] = x[i] - most - Math.log(sum);
    },
  };
  rows.standardize = (x, out, from, length, { eps }) => {
    let mean = 0, variance = 0;
    for (let i = from; i < from + length; i++) mean += x[i] / length;
    for (let i = from; i < from + length; i++) variance += (x[i] - mean) ** 2 / length;
    for (let i = from; i < from + length; i++) out[i] = (x[i] - mean) / Math.sqrt(variance + eps);
  };
  const sums = {
    amax(x, from, length) { let most = -Infinity; for (let i = from; i < from + length; i++) most = Math.max(most, x[i]); return most; },
    sum(x, from, length) { let sum = 0; for (let i = from; i < from + length; i++) sum += x[i]; return sum; },
    mean(x, from, length) { return sums.sum(x, from, length) / length; },
    any(x, from, length) { for (let i = from; i < from + length; i++) if (x[i] !== 0) return 1; return 0; },
    argmax(x, from, length) { let best = 0; for (let i = 1; i < length; i++) if (!(x[from + i] <= x[from + best]) && x[from + best] === x[from + best]) best = i; return best; },
  };

  // An operation is built once: (arrays that it takes, the array that it makes, options) => a function without arguments.
  const build = {
    linear([x, weight, bias], out, options, shape, { linear }) {
      const outputs = bias.length, inputs = weight.length / outputs;
      return () => linear(x, weight, bias, out, inputs, outputs, out.length / outputs);
    },
    // Each member's own rows through its own matrix.
    linears(takes, out, { members }, [, count, outputs], { linear }) {
      const mine = (array, m) => array.subarray((m * array.length) / members, ((m + 1) * array.length) / members);
      const products = Array.from({ length: members }, (_, m) => [...takes, out].map((array) => mine(array, m)));
      const inputs = takes[0].length / members / count;
      return () => { for (const [x, weight, bias, made] of products) linear(x, weight, bias, made, inputs, outputs, count); };
    },
    // Both convolutions are a matrix product: of the patches that each result sees, or into patches that add up.
    convolve([image, kernel, bias], out, options, shape, { linear, take }) {
      const { channels, pixels, patch, outputs, results, count } = sizes(options, shape);
      const seen = patches(options, shape[3], shape[2]), columns = take(results * channels * patch), product = take(results * outputs);
      return () => {
        for (let n = 0; n < count; n++) {
          for (let r = 0, to = 0; r < results; r++)
            for (let c = 0; c < channels; c++)
              for (let k = r * patch, plane = (n * channels + c) * pixels; k < (r + 1) * patch; k++)
                columns[to++] = seen[k] < 0 ? 0 : image[plane + seen[k]];
          linear(columns, kernel, bias, product, channels * patch, outputs, results);
          for (let o = 0, to = n * outputs * results; o < outputs; o++)
            for (let r = 0; r < results; r++) out[to++] = product[r * outputs + o];
        }
      };
    },
    deconvolve([image, kernel, bias], out, options, shape, { linear, take }) {
      const { channels, pixels, patch, outputs, results, count } = sizes(options, shape);
      const [, , height, width] = options.images, { kernel: side, stride, pad } = options;
      const reached = patches({ images: [1, 1, shape[2], shape[3]], kernel: side, stride, pad }, width, height);
      const turned = take(kernel.length), none = take(outputs * patch), rows = take(pixels * channels);
      const product = take(pixels * outputs * patch), columns = outputs * patch;
      for (let c = 0; c < channels; c++) for (let k = 0; k < columns; k++) turned[k * channels + c] = kernel[c * columns + k];
      return () => {
        for (let n = 0; n < count; n++) {
          for (let p = 0, to = 0; p < pixels; p++)
            for (let c = 0; c < channels; c++) rows[to++] = image[(n * channels + c) * pixels + p];
          linear(rows, turned, none, product, channels, columns, pixels);
          for (let o = 0; o < outputs; o++) {
            const plane = (n * outputs + o) * results;
            out.fill(bias[o], plane, plane + results);
            for (let p = 0; p < pixels; p++)
              for (let k = p * patch, from = p * columns + o * patch; k < (p + 1) * patch; k++, from++)
                if (reached[k] >= 0) out[plane + reached[k]] += product[from];
          }
        }
      };
    },
    cat(parts, out, { blocks }) {
      const row = blocks.reduce((sum, block) => sum + block, 0);
      return () => {
        for (let r = 0, to = 0; r < out.length / row; r++)
          for (let p = 0; p < parts.length; p++) {
            const part = parts[p], from = r * blocks[p];
            for (let i = 0; i < blocks[p]; i++) out[to++] = part[from + i];
          }
      };
    },
    take([x], out, options) {
      const index = indices(options);
      return () => { for (let i = 0; i < out.length; i++) out[i] = x[index[i]]; };
    },
    row([table, number], out, { rows: count }) { return () => { const from = (number[0] < 0 ? number[0] + count : number[0]) * out.length; for (let i = 0; i < out.length; i++) out[i] = table[from + i]; }; },
    where([test, yes, no], out) {
      const s = step(test), t = step(yes), u = step(no);
      return () => { for (let i = 0; i < out.length; i++) out[i] = test[i * s] ? yes[i * t] : no[i * u]; };
    },
  };
  function sizes({ images: [count, channels, height, width], kernel }, [, outputs, high, wide]) {
    return { count, channels, pixels: height * width, patch: kernel * kernel, outputs, results: high * wide };
  }
  // For each place of the small side, the pixels of the large side under the kernel; -1 where it hangs over the edge.
  function patches({ images: [, , height, width], kernel: side, stride, pad }, wide, high) {
    const found = [];
    for (let y = 0; y < high; y++)
      for (let x = 0; x < wide; x++)
        for (let ky = 0; ky < side; ky++)
          for (let kx = 0; kx < side; kx++) {
            const row = y * stride + ky - pad, column = x * stride + kx - pad;
            found.push(row < 0 || row >= height || column < 0 || column >= width ? -1 : row * width + column);
          }
    return Int32Array.from(found);
  }
  // What a convolution needs besides its result, in numbers.
  const scratch = {
    convolve(options, shape) {
      const { channels, patch, outputs, results } = sizes(options, shape);
      return results * (channels * patch + outputs) + 8;
    },
    deconvolve(options, shape) {
      const { channels, pixels, patch, outputs } = sizes(options, shape);
      return outputs * patch * (channels + 1 + pixels) + pixels * channels + 16;
    },
  };
  const step = (array) => (array.length === 1 ? 0 : 1);

  // A loop of its own for each formula, so that the engine can put the formula into the loop.
  const loop1 = (f) => new Function("f", "return (x, out) => () => { for (let i = 0; i < out.length; i++) out[i] = f(x[i]); }")(f);
  const loop2 = (f) =>
    new Function("f", "return (x, y, s, t, out) => () => { for (let i = 0; i < out.length; i++) out[i] = f(x[i * s], y[i * t]); }")(f);
  for (const name in unary) build[name] = ([x], out) => loop1(unary[name])(x, out);
  for (const name in binary) build[name] = ([x, y], out) => loop2(binary[name])(x, y, step(x), step(y), out);
  for (const name in rows)
    build[name] = ([x], out, options) => () => {
      for (let from = 0; from < out.length; from += options.length) rows[name](x, out, from, options.length, options);
    };
  for (const name in sums)
    build[name] = ([x], out, { length }) => () => { for (let i = 0; i < out.length; i++) out[i] = sums[name](x, i * length, length); };

  function indices({ start, steps, table }) {
    if (table) return Int32Array.from(table);
    let found = [start];
    for (const [length, stride] of steps)
      found = found.flatMap((from) => Array.from({ length }, (_, i) => from + i * stride));
    return Int32Array.from(found);
  }

  function graph({ inputs, operations, outputs }, weights, space) {
    const values = inputs.map(([, shape]) => space.take(size(shape)));
    const array = (place) => {
      if (typeof place !== "object") return place < 0 ? weights[-1 - place] : values[place];
      const number = space.take(1);
      number[0] = place.n;
      return number;
    };
    const program = [];
    for (const [name, takes, shape, options] of operations) {
      const taken = takes.map(array);
      const index = name === "take" ? indices(options) : [];
      if (name === "take" && index.every((place, i) => place === index[0] + i)) {
        values.push(taken[0].subarray(index[0], index[0] + index.length)); // a part of another array: nothing to do
        continue;
      }
      if (!(name in build)) throw new Error(`this page cannot run the operation ${name}`);
      const out = space.take(size(shape));
      values.push(out);
      program.push(build[name](taken, out, options, shape, space));
    }
    const named = Object.entries(outputs).map(([name, [place]]) => [name, array(place)]);
    return (given) => {
      inputs.forEach(([name], i) => {
        if (!(name in given)) throw new Error(`the input ${name} is missing`);
        if (typeof given[name] === "number") values[i][0] = given[name];
        else if (given[name].length !== values[i].length) throw new Error(`the input ${name} needs ${values[i].length} numbers`);
        else values[i].set(given[name]);
      });
      for (let i = 0; i < program.length; i++) program[i]();
      return Object.fromEntries(named.map(([name, value]) => [name, value.slice()]));
    };
  }

  // The numbers of a model lie in one piece of memory, where the matrix product can be WebAssembly: linear.wat, assembled.
  const LINEAR = "AGFzbQEAAAABCwFgB39/f39/f38AAhABBHBhZ2UGbWVtb3J5AgABAwIBAAcKAQZsaW5lYXIAAAqtAgGqAgMGfwJ7AX0gBEF4cUECdCELA0AgASEJIAIhCiAFIQcDQP0MAAAAAAAAAAAAAAAAAAAAACEN/QwAAAAAAAAAAAAAAAAAAAAAIQ4gACEIIAAgC2ohDCALBEADQCANIAj9AAQAIAn9AAQA/eYB/eQBIQ0gDiAI/QAEECAJ/QAEEP3mAf3kASEOIAhBIGohCCAJQSBqIQkgCCAMSQ0ACwsgDSAO/eQBIQ0gDf0fACAN/R8BkiAN/R8CIA39HwOSkiEPIAAgBEECdGohDAJAA0AgCCAMTw0BIA8gCCoCACAJKgIAlJIhDyAIQQRqIQggCUEEaiEJDAALCyADIA8gCioCAJI4AgAgA0EEaiEDIApBBGohCiAHQQFrIgcNAAsgDCEAIAZBAWsiBg0ACws=";
  const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  function memory(numbers) {
    let buffer, linear;
    try {
      const pages = new WebAssembly.Memory({ initial: Math.ceil((4 * numbers) / 65536) + 1 });
      const assembled = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(LINEAR)), { page: { memory: pages } }).exports.linear;
      buffer = pages.buffer;
      linear = (x, weight, bias, out, inputs, outputs, count) =>
        assembled(x.byteOffset, weight.byteOffset, bias.byteOffset, out.byteOffset, inputs, outputs, count);
    } catch (error) { // an old browser, or a page that forbids it
      buffer = new ArrayBuffer(4 * numbers);
      linear = (x, weight, bias, out, inputs, outputs, count) => {
        for (let r = 0, to = 0; r < count; r++)
          for (let o = 0, w = 0; o < outputs; o++) {
            let sum = 0;
            for (let i = r * inputs; i < (r + 1) * inputs; i++) sum += x[i] * weight[w++];
            out[to++] = sum + bias[o];
          }
      };
    }
    let used = 0;
    const take = (count) => {
      const taken = new Float32Array(buffer, used, count);
      used += 16 * Math.ceil(count / 4);
      return taken;
    };
    return { take, linear };
  }

  const room = (shape) => 4 * Math.ceil(size(shape) / 4);
  function needed({ inputs, operations }) {
    const made = ([name, takes, shape, options]) =>
      room(shape) + 4 * takes.length + (name in scratch ? scratch[name](options, shape) : 0);
    return [...inputs.map(([, shape]) => room(shape)), ...operations.map(made)].reduce((sum, part) => sum + part, 0);
  }

  // A stream of pseudo-random numbers: mulberry32 (public domain, T. Ettinger), and Box and Muller's normal numbers.
  WM.random = (seed) => {
    let state = seed >>> 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal };
  };

  // Floats of 16 bits: a sign, 5 bits of a power of two, 10 of the rest; below the least power, evenly spaced.
  const powers = Float32Array.from({ length: 32 }, (_, power) => 2 ** (power - 25));
  function float16(bits) {
    const power = (bits >> 10) & 31, rest = bits & 1023;
    const size = power === 31 ? (rest ? NaN : Infinity) : powers[power || 1] * ((power && 1024) + rest);
    return bits >> 15 ? -size : size;
  }
  const floats = { 2: (buffer) => Float32Array.from(new Uint16Array(buffer), float16), 4: (buffer) => new Float32Array(buffer) };

  WM.model = ({ observation, action, graphs, shapes, bytes, weights: encoded }) => {
    const stored = bytesOf(encoded);
    const sum = (parts) => parts.reduce((total, part) => total + part, 0);
    const space = memory(sum(shapes.map(room)) + sum(Object.values(graphs).map(needed)) + 64);
    let from = 0;
    const weights = shapes.map((shape, i) => {
      const array = space.take(size(shape));
      array.set(floats[bytes[i]](stored.slice(from, (from += bytes[i] * size(shape))).buffer));
      return array;
    });
    const built = {};
    const of = (name) => (built[name] = built[name] || graph(graphs[name], weights, space));
    return {
      observation,
      action,
      knows: (name) => name in graphs,
      /* The shapes of what a question is given, by name. */
      takes: (name) => Object.fromEntries(graphs[name].inputs),
      run: (name, given) => of(name)(given),
      /* The noise that a question draws, from a stream. */
      noise(name, random) {
        const drawn = {};
        for (const [input, shape] of graphs[name].inputs) {
          const kind = /^(normal|uniform)\d+$/.exec(input);
          if (kind) drawn[input] = Float32Array.from({ length: size(shape) }, () => random[kind[1]]());
        }
        return drawn;
      },
    };
  };
})();
