"""Methods that map an answer onto the network's input, pixel by pixel.

Gradient, SmoothGrad and Integrated Gradients are a few lines each and need nothing but torch: everybody
has them, and the tests hold them to Captum. Occlusion, KernelSHAP and LIME come from Captum, an optional
extra. Guided IG, Blur IG and XRAI, which nobody maintains for torch, are written from their papers.
"""
