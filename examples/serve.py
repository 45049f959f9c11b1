"""A server that reads the digits in pictures.

.. code-block:: console

   $ pip install mnist-zoo fastapi uvicorn
   $ uvicorn --app-dir examples serve:app
   $ curl --data-binary @photo.jpg http://127.0.0.1:8000/read
   {"text":"314","turned":0,"digits":[{"digit":3,"confidence":0.99,...
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, HTTPException, Request

from mnist_zoo import PictureError, Reading, read_digits

# A picture may have so many bytes, and its request may last so many seconds. So many pictures are
# read at a time, and so many requests are open.
MOST_BYTES, MOST_SECONDS, READERS, MOST_WAITING = 10_000_000, 20, 2, 64

app = FastAPI(title="Digits in pictures")
readers = ThreadPoolExecutor(READERS)
waiting = asyncio.Semaphore(MOST_WAITING)


@app.post("/read")
async def read(request: Request) -> dict[str, object]:
    """Read the picture in the body of a request."""
    if waiting.locked():
        raise HTTPException(503, f"{MOST_WAITING} pictures are being read already: try again later")
    try:
        async with waiting, asyncio.timeout(MOST_SECONDS):
            reading = await _read(request)
    except TimeoutError:
        raise HTTPException(408, f"the picture took more than {MOST_SECONDS} s") from None
    except PictureError as error:
        raise HTTPException(422, str(error)) from None
    return reading.to_dict()


async def _read(request: Request) -> Reading:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"a picture may have at most {MOST_BYTES:,} bytes")
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(readers, read_digits, bytes(body))
