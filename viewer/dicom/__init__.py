"""Reading DICOM: the only place that imports pydicom, gdcm and SimpleITK.

`scan`, `geometry`, `grouping`, `pixels` and `identity` can be imported without pydicom, which costs
half a second: it is imported with the first file that is read.
"""
