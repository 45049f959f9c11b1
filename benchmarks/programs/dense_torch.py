"""Five epochs of the 128-64 network, batch 32, Adam, with torch alone."""

import torch
from _emit import emit
from _torch import train
from _training import SEED, epochs, load
from torch import nn

(x, y), (x_test, y_test) = load()
torch.manual_seed(SEED)
hidden = [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()]
model = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(64, 10))
pictures, labels = torch.from_numpy(x), torch.from_numpy(y.astype("int64"))
_, clock = train(model, pictures, labels, epochs(5), 32)
with torch.no_grad():
    predicted = model(torch.from_numpy(x_test)).argmax(1).numpy()
emit(work={"accuracy": float((predicted == y_test).mean())}, seconds={"fit": sum(clock.seconds)})
