// The forward pass of a shipped model, in the form that mnist_zoo/drawing/parameters.py writes.

export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => x.map((value) => Math.max(value, 0)),
  tanh: (x) => x.map(Math.tanh),
  sigmoid: (x) => x.map((value) => 1 / (1 + Math.exp(-value))),
  softmax: (x) => {
    const most = Math.max(...x), powers = x.map((value) => Math.exp(value - most));
    return powers.map((value) => value / powers.reduce((a, b) => a + b));
  },
};

// Call `visit` for each pixel of each window, with the numbers of the window, of the pixel and of its place in it.
function visitWindows({ before, shape, size, strides, corner }, visit) {
  for (let y = 0; y < shape[0]; y++) for (let x = 0; x < shape[1]; x++) {
    for (let i = 0; i < size[0]; i++) for (let j = 0; j < size[1]; j++) {
      const row = y * strides[0] + i - corner[0], column = x * strides[1] + j - corner[1];
      const isInside = row >= 0 && row < before[0] && column >= 0 && column < before[1];
      if (isInside) visit(y * shape[1] + x, row * before[1] + column, i * size[1] + j);
    }
  }
}

// Return a layer that joins the pixels of each window.
const pool = (first, join) => (x, layer) => {
  const count = layer.shape[2], out = new Float32Array(layer.shape[0] * layer.shape[1] * count).fill(first);
  visitWindows(layer, (window, pixel) => {
    for (let c = window * count, from = pixel * count, end = c + count; c < end; c++, from++)
      out[c] = join(out[c], x[from], layer);
  });
  return out;
};

// Each kind of layer: from its input and the layer to its output. Pixels have their channels one after the other.
export const LAYERS = {
  Conv2D(x, layer) {
    const { kernel, bias } = layer, channels = layer.before[2], count = layer.shape[2];
    const out = new Float32Array(layer.shape[0] * layer.shape[1] * count).map((_, i) => bias[i % count]);
    visitWindows(layer, (window, pixel, place) => {
      for (let c = 0; c < channels; c++) {
        const value = x[pixel * channels + c], row = (place * channels + c) * count;
        if (value !== 0) for (let f = 0; f < count; f++) out[window * count + f] += value * kernel[row + f];
      }
    });
    return out;
  },
  MaxPooling2D: pool(-Infinity, (most, value) => Math.max(most, value)),
  AveragePooling2D: pool(0, (mean, value, { size }) => mean + value / (size[0] * size[1])),
};

// Read a model's file: the length of a text of JSON, that text, and the parameters as little-endian floats.
export async function loadModel(name) {
  const answer = await fetch(`${name}.bin`), bytes = await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${name}.bin: ${answer.status} ${answer.statusText}`);
  const length = new DataView(bytes).getUint32(0, true);
  const layers = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  for (const layer of layers) for (const [key, [start, count]] of Object.entries(layer.arrays)) {
    layer[key] = new Float32Array(bytes, 4 + length + 4 * start, count);
  }
  return layers;
}

// Return what each layer returns for 784 pixels: the probabilities are last.
export function run(layers, pixels) {
  let x = pixels;
  return layers.map((layer) => (x = ACTIVATIONS[layer.activation](LAYERS[layer.kind](x, layer))));
}
