// A drawing in the form of MNIST: what mnist_zoo/pictures/digits.py computes by NumPy and Pillow, with the same
// arithmetic and thresholds. A plane is {width, height, data}: rows of 1 for ink and 0 for paper; beyond it is paper.

const SIDE = 28, BOX = 20, MIDDLE = 14, THINNEST = 2.1, USUAL = 2.9, FINE = 4, LEAST_CONTRAST = 0.06;
const FILTERS = { // How far each reaches, and its weights.
  box: [0.5, (x) => (x > -0.5 && x <= 0.5 ? 1 : 0)],
  bicubic: [2, (x, d = Math.abs(x)) => (d < 1 ? (1.5 * d - 2.5) * d * d + 1 : -0.5 * (((d - 5) * d + 8) * d - 4))],
};

const clip = (x, low, high) => Math.min(Math.max(x, low), high);
const plane = (width, height) => ({ width, height, data: new Float32Array(width * height) });
// Python rounds a half to the even number beside it.
const round = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

// Resize the rows of a plane, from one place to another, to `size` pixels; return it with rows as columns.
function resizeRows({ width, height, data }, size, from, to, [support, weight]) {
  const scale = Math.fround(Math.fround(to) - Math.fround(from)) / size, stretch = Math.max(scale, 1);
  const result = plane(height, size);
  for (let x = 0; x < size; x++) {
    const centre = Math.fround(from) + (x + 0.5) * scale, first = Math.floor(centre - support * stretch + 0.5);
    const count = Math.floor(centre + support * stretch + 0.5) - first;
    const weights = Array.from({ length: count }, (_, k) => weight((k + first - centre + 0.5) / stretch));
    const total = weights.reduce((sum, each) => sum + each), shares = weights.map((each) => each / total);
    for (let y = 0; y < height; y++) {
      let sum = 0, end = Math.min(count, width - first);
      for (let k = Math.max(0, -first); k < end; k++) sum += data[y * width + first + k] * shares[k];
      result.data[x * height + y] = sum;
    }
  }
  return result;
}

// Resize the part [left, top, right, bottom] of a plane, as Pillow does: rows first, then columns.
const resize = (old, width, height, [left, top, right, bottom], filter) =>
  resizeRows(resizeRows(old, width, left, right, FILTERS[filter]), height, top, bottom, FILTERS[filter]);

// Add the squared distance along the row to each value, and return the least for each pixel, with rows as columns.
function nearest({ width, height, data }) {
  const result = plane(height, width);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    let least = data[y * width + x];
    for (let k = 0; least > 0 && k < width; k++) least = Math.min(least, data[y * width + k] + (k - x) ** 2);
    result.data[x * height + y] = least;
  }
  return result;
}

// Redraw strokes that are too thin with the usual width; return null if none are.
function thickened(fine) {
  const room = 2 * FINE, width = fine.width + 2 * room, height = fine.height + 2 * room;
  const inside = new Uint8Array(width * height);
  fine.data.forEach((value, i) => {
    inside[(Math.floor(i / fine.width) + room) * width + (i % fine.width) + room] = value > 0.5;
  });
  const mask = (side) => new Float32Array(inside).map((x) => (x === side ? Infinity : 0));
  const distances = (side) => nearest(nearest({ width, height, data: mask(side) })).data.map(Math.sqrt);
  const depth = distances(1), depths = depth.filter((x) => x > 0);
  const stroke = (4 * depths.reduce((sum, x) => sum + x, 0)) / depths.length / FINE;
  if (!(stroke < THINNEST)) return null;
  const grown = (FINE * (USUAL - stroke)) / 2, outside = distances(0), edge = round(room - grown);
  const drawn = plane(width - 2 * edge, height - 2 * edge);
  drawn.data.forEach((_, i) => {
    const old = (Math.floor(i / drawn.width) + edge) * width + (i % drawn.width) + edge;
    drawn.data[i] = clip(0.5 + grown - outside[old] + depth[old], 0, 1);
  });
  return drawn;
}

// Where ink begins and ends along an axis, to a fraction of a pixel, by the darkest value at each place.
function extent(darkest) {
  const first = darkest.findIndex((x) => x > 0.5), last = darkest.findLastIndex((x) => x > 0.5);
  return [first - (darkest[first - 1] ?? 0), last + 1 + (darkest[last + 1] ?? 0)];
}

// Return the 784 pixels that a model sees of a plane with one digit; null if there is no ink on it.
export function prepare(ink) {
  const columns = new Float32Array(ink.width), rows = new Float32Array(ink.height);
  for (let y = 0, i = 0; y < ink.height; y++) for (let x = 0; x < ink.width; x++, i++) {
    columns[x] = Math.max(columns[x], ink.data[i]);
    rows[y] = Math.max(rows[y], ink.data[i]);
  }
  if (!rows.some((x) => x > 0.5)) return null;
  const [left, right] = extent(columns), [top, bottom] = extent(rows);
  const scale = BOX / Math.max(right - left, bottom - top);
  const [width, height] = [right - left, bottom - top].map((side) => Math.max(1, round(scale * side)));
  const x = (left + right) / 2, y = (top + bottom) / 2, halfX = width / scale / 2, halfY = height / scale / 2;
  const part = [x - halfX, y - halfY, x + halfX, y + halfY];
  const drawn = thickened(resize(ink, FINE * width, FINE * height, part, "bicubic"));
  const digit = (drawn ? resize(drawn, width, height, [0, 0, drawn.width, drawn.height], "box")
    : resize(ink, width, height, part, "bicubic")).data.map((value) => clip(value, 0, 1));
  const sum = (weight) => digit.reduce((total, value, i) => total + value * weight(i), 0);
  const place = (middle, side) => clip(round(MIDDLE - middle), 0, SIDE - side), total = sum(() => 1);
  const across = place(sum((i) => i % width) / total, width);
  const down = place(sum((i) => Math.floor(i / width)) / total, height), placed = new Float32Array(SIDE * SIDE);
  digit.forEach((value, i) => (placed[(down + Math.floor(i / width)) * SIDE + across + (i % width)] = value));
  return placed;
}

// Return the ink of a clean picture, dark on light or light on dark, by its opaque RGBA pixels.
export function findInk({ width, height, data }) {
  const greyOf = (_, i) => (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255;
  const grey = new Float32Array(width * height).map(greyOf);
  const isRim = (_, i) => i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1;
  const median = (values) => values.sort()[values.length >> 1], paper = median(grey.filter(isRim));
  const sign = grey.reduce((sum, x) => sum + x - paper, 0) > 0 ? 1 : -1, contrast = grey.map((x) => sign * (x - paper));
  const most = contrast.reduce((a, b) => Math.max(a, b)), level = median(contrast.filter((x) => x >= most / 2));
  if (!(most >= LEAST_CONTRAST)) throw new Error("no ink was found on its paper");
  return { width, height, data: contrast.map((x) => (x < level / 5 ? 0 : Math.min(1, x / level))) };
}
