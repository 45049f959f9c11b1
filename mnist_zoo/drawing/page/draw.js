// The page: what is on the sheet is prepared and read, once for each frame in which it changes.

import { loadModel, run } from "./model.js";
import { findInk, prepare } from "./prepare.js";

const SIDE = 280, STEP = 0.025, MOST_BYTES = 50e6; // The side of what is prepared; a step of the pen by a key.
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP], " ": [0, 0] };
const at = (id) => document.getElementById(id), percent = (x) => `${(100 * x).toFixed(1)} %`;
const canvasOf = (width, height) => Object.assign(document.createElement("canvas"), { width, height });
const sheet = at("sheet"), bars = [...at("bars").children], drawing = canvasOf(SIDE, SIDE);
const say = (name, error) => void (at("notice").textContent = `${name} was not loaded: ${error.message}`);
// What was done, in its order: strokes, with places from 0 to 1, opened pictures, and clearings. Undo drops the last.
const done = [];
let stroke = null, pen = null, model = null, timer = 0, due = 0;

// Canvases have black ink; in dark mode the style sheet inverts them.
function paint(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: canvas === drawing }), side = canvas.width;
  context.clearRect(0, 0, side, side);
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const { picture, points, width } of done.slice(Math.max(0, done.findLastIndex((each) => each.isFirst)))) {
    if (picture) context.drawImage(picture, 0, 0, side, side);
    if (points) {
      context.lineWidth = width * side;
      context.beginPath();
      context.moveTo(points[0][0] * side, points[0][1] * side + 0.01); // So that a single point is a dot.
      points.forEach(([x, y]) => context.lineTo(x * side, y * side));
      context.stroke();
    }
  }
  return context;
}

// Return a picture of what a hidden layer returns: a square for each unit, or a map for each channel.
function pictureOf(values, { name, shape }) {
  const [rows, columns, count] = shape, gap = rows > 1 ? 1 : 0, across = Math.ceil(Math.sqrt(2 * count));
  const canvas = canvasOf(across * (columns + gap) - gap, Math.ceil(count / across) * (rows + gap) - gap);
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9), figure = document.createElement("figure");
  values.forEach((value, i) => {
    const unit = i % count, x = (unit % across) * (columns + gap) + (Math.floor(i / count) % columns);
    const y = Math.floor(unit / across) * (rows + gap) + Math.floor(i / count / columns);
    image.data[4 * (y * canvas.width + x) + 3] = (255 * Math.abs(value)) / most;
  });
  context.putImageData(image, 0, 0);
  canvas.ariaHidden = "true";
  figure.append(`${name}: ${rows > 1 ? shape.join(" × ") : count}`, canvas);
  return figure;
}

function show(pixels) {
  const digit = at("digit").getContext("2d"), image = digit.createImageData(28, 28);
  image.data.set(image.data.map((_, i) => (i % 4 === 3 ? 255 : Math.round(255 * (pixels?.[i >> 2] ?? 0)))));
  digit.putImageData(image, 0, 0);
  const outputs = model && pixels ? run(model, pixels) : [], probabilities = outputs.at(-1);
  const [first, second] = bars.map((_, i) => i).sort((a, b) => probabilities?.[b] - probabilities?.[a]);
  bars.forEach((bar, i) => {
    bar.className = probabilities && i === first ? "first" : "";
    bar.children[1].style.transform = `scaleX(${probabilities?.[i] ?? 0})`;
    bar.children[2].textContent = probabilities ? percent(probabilities[i]) : "";
  });
  at("best").textContent = probabilities ? first : "?";
  at("second").textContent = !probabilities ? "Nothing is drawn yet."
    : `${percent(probabilities[first])} sure; second choice: ${second} (${percent(probabilities[second])})`;
  const isHidden = ({ activation }) => ["relu", "sigmoid", "tanh"].includes(activation);
  at("hidden").replaceChildren(...outputs.flatMap((x, i) => (isHidden(model[i]) ? [pictureOf(x, model[i])] : [])));
  clearTimeout(timer); // A screen reader says the reading once it stays.
  timer = setTimeout(() => (at("live").textContent = at("reading").textContent), 600);
}

function frame() {
  const size = Math.round(sheet.clientWidth * devicePixelRatio);
  if (sheet.width !== size) sheet.width = sheet.height = size;
  const context = paint(sheet), { data } = paint(drawing).getImageData(0, 0, SIDE, SIDE);
  if (pen) context.strokeRect(pen.x * size - 6, pen.y * size - 6, 12, 12);
  const ink = new Float32Array(SIDE ** 2).map((_, i) => data[4 * i + 3] / 255);
  show(prepare({ width: SIDE, height: SIDE, data: ink }));
}

function update() {
  cancelAnimationFrame(due);
  due = requestAnimationFrame(frame);
}

function change(how) {
  if (stroke) return; // Not while one draws.
  if (pen) pen.points = null;
  update(how());
}
const undo = () => change(() => done.pop()), clear = () => change(() => done.push({ isFirst: true }));
const newStroke = (id, points) => (done.push({ id, points, width: at("thickness").value / 100 }), done.at(-1));

const placeOf = ({ clientX, clientY }, { left, top, width, height } = sheet.getBoundingClientRect()) =>
  [(clientX - left) / width, (clientY - top) / height];
sheet.addEventListener("pointerdown", (event) => {
  if (stroke || event.button) return; // A second finger draws nothing.
  sheet.setPointerCapture(event.pointerId);
  stroke = newStroke(event.pointerId, [placeOf(event)]);
  update((pen = null));
});
sheet.addEventListener("pointermove", (event) => {
  if (stroke?.id !== event.pointerId) return;
  const events = event.getCoalescedEvents?.() ?? [];
  stroke.points.push(...(events.length ? events : [event]).map((each) => placeOf(each)));
  update();
});
sheet.addEventListener("touchstart", (event) => event.preventDefault()); // Else a fast stroke may eat the next tap.
sheet.addEventListener("lostpointercapture", () => (stroke = null)); // Whatever ends a stroke.
addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
  if (document.activeElement !== sheet || stroke) return;
  if (!(event.key in KEYS)) return event.key === "Delete" && clear();
  event.preventDefault();
  const [x, y] = KEYS[event.key].map((step, i) => Math.min(Math.max([pen?.x ?? 0.5, pen?.y ?? 0.5][i] + step, 0), 1));
  const points = event.key !== " " ? pen?.points : pen?.points ? null : newStroke(null, []).points;
  points?.push([x, y]);
  pen = { x, y, points };
  update();
});
sheet.addEventListener("blur", () => update((pen = null)));
at("undo").addEventListener("click", undo);
at("clear").addEventListener("click", clear);

at("upload").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  try {
    if (file.size > MOST_BYTES) throw new Error("it is larger than 50 MB");
    const whole = await createImageBitmap(file), scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const [width, height] = [whole.width, whole.height].map((length) => Math.ceil(scale * length));
    const picture = canvasOf(SIDE, SIDE), context = picture.getContext("2d");
    Object.assign(context, { imageSmoothingQuality: "high", fillStyle: "gray" }); // Black and white differ from grey.
    context.fillRect(0, 0, SIDE, SIDE);
    context.drawImage(whole, 0, 0, width, height);
    const image = context.getImageData(0, 0, width, height), ink = findInk(image);
    image.data.forEach((_, i) => (image.data[i] = i % 4 === 3 ? 255 * ink.data[i >> 2] : 0));
    context.clearRect(0, 0, SIDE, SIDE);
    context.putImageData(image, (SIDE - width) >> 1, (SIDE - height) >> 1);
    change(() => done.push({ picture, isFirst: true }));
    at("notice").textContent = "";
  } catch (error) {
    say(file.name, error);
  }
  target.value = ""; // So that the same file can be opened again.
});

for (const [id, canvas] of [["save-drawing", drawing], ["save-digit", at("digit")]]) {
  at(id).addEventListener("click", () =>
    Object.assign(document.createElement("a"), { href: canvas.toDataURL(), download: `${id.slice(5)}.png` }).click());
}

async function choose() {
  const name = at("models").value, loaded = await loadModel(name).catch((error) => say("The model", error));
  if (name !== at("models").value) return; // Another one was chosen in the meantime.
  if ((model = loaded)) at("notice").textContent = "";
  at("models").dataset.running = name;
  at("no-hidden").hidden = model?.length !== 1;
  update();
}

Object.assign(at("notice"), { textContent: "", className: "notice" });
addEventListener("resize", update);
const grow = () => (frameElement.style.height = `${document.body.offsetHeight}px`); // In a page of the documentation.
if (window.frameElement) new ResizeObserver(grow).observe(document.body);
const list = await fetch("models.json").then((found) => found.json()).catch((error) => say("The list", error));
for (const { name, accuracy, isDefault } of list ?? [])
  at("models").add(new Option(`${name}: ${percent(accuracy)} right`, name, isDefault, isDefault));
at("models").addEventListener("change", choose);
choose().then(() => (at("models").disabled = false));
