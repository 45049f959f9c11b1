"""Training with torch alone, as its users write it: the epoch's loss and accuracy are counted."""

import torch
from _training import Clock


def train(model, x, y, epochs, batch_size):
    """Train with Adam; return the accuracy of the last epoch's batches, and the clock."""
    optimizer, loss_of = torch.optim.Adam(model.parameters()), torch.nn.CrossEntropyLoss()
    clock = Clock()
    for _ in range(epochs):
        clock.begin()
        order = torch.randperm(len(x))
        loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for start in range(0, len(x), batch_size):
            digits = order[start : start + batch_size]
            labels = y[digits]
            optimizer.zero_grad()
            outputs = model(x[digits])
            loss = loss_of(outputs, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(digits)
            right += (outputs.detach().argmax(1) == labels).sum()
        clock.end()
    return int(right) / len(x), clock
