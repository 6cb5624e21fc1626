module oisp.invalid/capture-test

go 1.18
