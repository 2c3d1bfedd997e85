"""The model beside published results, by rules that were written beforehand."""
