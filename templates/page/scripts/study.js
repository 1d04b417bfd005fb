// The test images on the page and what every model said of them; read once, when first asked for.

let read;

function parsed(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Give the images of the study; null in a page that lacks them. */
export function study() {
  read ??= { images: parsed("answers"), thumbnails: parsed("thumbnails") };
  return read.images && { ...read.images, thumbnails: read.thumbnails };
}

/** Give what a model said of row `row` (image by image, view by view). */
export function answerOf(model, row) {
  const { names, kept, likeliest, shares, target, own, loss } = study().models[model];
  const first = row * kept;
  const answers = Array.from({ length: kept }, (_, at) => ({
    name: names[likeliest[first + at]],
    share: shares[first + at] / 10000,
  }));
  return {
    answers,
    right: likeliest[first] === target[row],
    target: names[target[row]],
    own: own[row] / 10000,
    loss: loss[row] / 1000,
  };
}
